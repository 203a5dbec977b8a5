// SPDX-License-Identifier: Apache-2.0
#include "server/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace hearth::server {
namespace {

constexpr std::size_t kMapped = 12;  // bytes of ::ffff: before an IPv4 address

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) {
    text = text.substr(1, text.size() - 2);
    if (text.find(':') == std::string_view::npos) return std::nullopt;
  }
  if (text.size() > INET6_ADDRSTRLEN) return std::nullopt;
  const std::string owned(text);
  if (owned.find('\0') != std::string::npos) return std::nullopt;
  IpAddress address;
  if (::inet_pton(AF_INET6, owned.c_str(), address.bytes.data()) == 1) return address;
  address = {};
  address.bytes[10] = address.bytes[11] = 0xFF;
  if (::inet_pton(AF_INET, owned.c_str(), address.bytes.data() + kMapped) == 1) return address;
  return std::nullopt;
}

bool IpRange::contains(const IpAddress& other) const {
  for (int bit = 0; bit < n_bits; bit += 8) {
    const int n_left = std::min(8, n_bits - bit);
    const auto mask = static_cast<std::uint8_t>(0xFF << (8 - n_left));
    const auto at = static_cast<std::size_t>(bit / 8);
    if (((address.bytes[at] ^ other.bytes[at]) & mask) != 0) return false;
  }
  return true;
}

std::optional<IpRange> parse_ip_range(std::string_view text) {
  const std::size_t slash = std::min(text.size(), text.find('/'));
  const auto address = parse_ip(text.substr(0, slash));
  if (!address) return std::nullopt;
  IpRange range{*address, 128};
  if (slash == text.size()) return range;
  const bool is_v4 = text.substr(0, slash).find(':') == std::string_view::npos;
  const std::string_view digits = text.substr(slash + 1);
  int n_bits = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n_bits);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  if (n_bits < 0 || n_bits > (is_v4 ? 32 : 128)) return std::nullopt;
  range.n_bits = is_v4 ? n_bits + static_cast<int>(8 * kMapped) : n_bits;
  return range;
}

}  // namespace hearth::server
