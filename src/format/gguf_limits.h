// SPDX-License-Identifier: Apache-2.0
//
// The hard caps of the GGUF reader, far above any real model and low enough that a hostile file
// cannot make the reader allocate much more than its own size. The writer keeps to them as well.
// Each count is in addition bounded by the bytes that are left in the file (docs/formats/gguf.md).
#pragma once

#include <cstdint>

namespace hearth::format {

inline constexpr std::uint64_t kMaxMetadataEntries = 1u << 16;
inline constexpr std::uint64_t kMaxTensors = 1u << 17;     // over all shards
inline constexpr std::uint64_t kMaxKeyBytes = 65535;       // the specification's own limit
inline constexpr std::uint64_t kMaxTensorNameBytes = 128;  // the specification says 64
inline constexpr std::uint64_t kMaxStringBytes = 64u << 20;
inline constexpr std::uint64_t kMaxArrayElements = 1u << 26;
inline constexpr std::uint32_t kMaxDims = 4;
inline constexpr std::uint64_t kMaxShards = 99999;  // five digits in the file name

// general.alignment: a power of two between these (the specification asks for a multiple of 8).
inline constexpr std::uint32_t kMinAlignment = 8;
inline constexpr std::uint32_t kMaxAlignment = 1u << 20;
inline constexpr std::uint32_t kDefaultAlignment = 32;

// The fewest bytes that an entry can take in the file: what bounds the counts of the header.
inline constexpr std::uint64_t kMinMetadataEntryBytes = 8 + 1 + 4 + 1;        // key, type, u8
inline constexpr std::uint64_t kMinTensorEntryBytes = 8 + 1 + 4 + 8 + 4 + 8;  // name, one dimension

}  // namespace hearth::format
