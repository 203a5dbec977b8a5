// SPDX-License-Identifier: Apache-2.0
//
// The kernel's way to write sets of CPUs: "0-3,8,10-11". Sets are sorted lists of CPU numbers.
#pragma once

#include <string>
#include <vector>

namespace hearth::host {

using CpuSet = std::vector<unsigned>;

// The set, empty for text that is not one. Numbers that no kernel gives out (65536 and above) make
// it empty too, so that a strange file cannot take all memory.
CpuSet parse_cpu_list(const std::string& text);

CpuSet common_cpus(const CpuSet& a, const CpuSet& b);

}  // namespace hearth::host
