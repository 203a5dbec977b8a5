// SPDX-License-Identifier: Apache-2.0
//
// IP addresses and ranges of them, for lists of trusted proxies and for telling numbers from names.
// An IPv4 address and the IPv6 form that maps it (RFC 4291, 2.5.5.2) are the same address.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hearth::server {

struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};
  bool operator==(const IpAddress&) const = default;
};

// "127.0.0.1", "::1", "[::1]"; nothing else, no port, no zone.
std::optional<IpAddress> parse_ip(std::string_view text);

struct IpRange {
  IpAddress address;
  int n_bits = 128;

  bool contains(const IpAddress& other) const;
};

// An address, or "10.0.0.0/8", "fd00::/8".
std::optional<IpRange> parse_ip_range(std::string_view text);

}  // namespace hearth::server
