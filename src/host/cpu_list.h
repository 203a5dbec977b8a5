// SPDX-License-Identifier: Apache-2.0
//
// The kernel's way to write sets of CPUs: "0-3,8,10-11". Sets are sorted lists of CPU numbers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::host {

using CpuSet = std::vector<unsigned>;

// The set, empty for text that is not one. Numbers that no kernel gives out (65536 and above) make
// it empty too, so that a strange file cannot take all memory.
CpuSet parse_cpu_list(const std::string& text);

// The ways in which people write sets on a command line; nothing for text that is not one.
// A mask is hexadecimal, CPU 0 its last bit, with or without "0x": "0xff". A range is "2-5", where
// either end may be left out: "-5" begins at 0, "2-" goes to the last of kMaxCpus.
inline constexpr unsigned kMaxCpus = 65536;
std::optional<CpuSet> parse_cpu_mask(std::string_view text);
std::optional<CpuSet> parse_cpu_range(std::string_view text);
// "0xff"; the empty set is "0x0".
std::string print_cpu_mask(const CpuSet& cpus);

CpuSet common_cpus(const CpuSet& a, const CpuSet& b);

}  // namespace hearth::host
