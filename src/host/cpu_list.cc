// SPDX-License-Identifier: Apache-2.0
#include "host/cpu_list.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace hearth::host {
namespace {

constexpr unsigned kMaxCpus = 65536;

bool take_number(const char*& at, const char* end, unsigned& value) {
  const auto [next, error] = std::from_chars(at, end, value);
  at = next;
  return error == std::errc{} && value < kMaxCpus;
}

}  // namespace

CpuSet parse_cpu_list(const std::string& text) {
  CpuSet cpus;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end && *at != '\n') {
    unsigned first = 0, last = 0;
    if (!take_number(at, end, first)) return {};
    last = first;
    if (at != end && *at == '-' && !take_number(++at, end, last)) return {};
    for (unsigned cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
    if (at != end && *at != ',' && *at != '\n') return {};
    if (at != end && *at == ',') ++at;
  }
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
  return cpus;
}

CpuSet common_cpus(const CpuSet& a, const CpuSet& b) {
  CpuSet out;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

}  // namespace hearth::host
