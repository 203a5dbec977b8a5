// SPDX-License-Identifier: Apache-2.0
#include "host/cpu_list.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <numeric>

namespace hearth::host {
namespace {

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

std::optional<CpuSet> parse_cpu_mask(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  if (text.empty() || text.size() > kMaxCpus / 4) return std::nullopt;
  CpuSet cpus;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char* digit = text.data() + text.size() - 1 - i;
    unsigned bits = 0;
    if (std::from_chars(digit, digit + 1, bits, 16).ec != std::errc{}) return std::nullopt;
    for (unsigned bit = 0; bit < 4; ++bit)
      if (bits >> bit & 1) cpus.push_back(static_cast<unsigned>(4 * i) + bit);
  }
  return cpus;
}

std::string print_cpu_mask(const CpuSet& cpus) {
  std::vector<unsigned> digits(cpus.empty() ? 1 : cpus.back() / 4 + 1);  // the last one first
  for (const unsigned cpu : cpus) digits[cpu / 4] |= 1u << cpu % 4;
  std::string text = "0x";
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit)
    text += "0123456789abcdef"[*digit];
  return text;
}

std::optional<CpuSet> parse_cpu_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos || text.size() == 1) return std::nullopt;
  const auto end_of_range = [&](std::string_view number, unsigned if_empty) {
    unsigned value = if_empty;
    const char* at = number.data();
    const char* const end = at + number.size();
    const bool is_good = number.empty() || (take_number(at, end, value) && at == end);
    return is_good ? std::optional(value) : std::nullopt;
  };
  const auto first = end_of_range(text.substr(0, dash), 0);
  const auto last = end_of_range(text.substr(dash + 1), kMaxCpus - 1);
  if (!first || !last || *first > *last) return std::nullopt;
  CpuSet cpus(*last - *first + 1);
  std::iota(cpus.begin(), cpus.end(), *first);
  return cpus;
}

CpuSet common_cpus(const CpuSet& a, const CpuSet& b) {
  CpuSet out;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

}  // namespace hearth::host
