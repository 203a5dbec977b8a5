// SPDX-License-Identifier: Apache-2.0
#include "model/sequence_file.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/sha256.h"
#include "model/append_bytes.h"

namespace hearth::model {
namespace {

constexpr char kSequenceMagic[4] = {'H', 'S', 'E', 'Q'};
constexpr std::uint32_t kSequenceVersion = 2;  // 1: all keys of a layer before its values
constexpr std::size_t kHexBytes = 64;
constexpr std::size_t kHeaderBytes = 4 + 4 + kHexBytes + 4 + 4 + 4 + 8;

std::size_t blocks_of(std::uint64_t length) {
  return static_cast<std::size_t>((length + kBlockTokens - 1) / kBlockTokens);
}

std::string hash_of(std::span<const std::byte> bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish_hex();
}

// The header that a save of this length would have: restoring compares bytes instead of parsing
// them.
std::vector<std::byte> header(std::uint32_t length, std::uint64_t block_bytes,
                              const ExecutorLimits& limits, const std::string& fingerprint) {
  std::vector<std::byte> out;
  append_bytes(out, kSequenceMagic, sizeof(kSequenceMagic));
  append_number(out, kSequenceVersion);
  append_bytes(out, fingerprint.data(), fingerprint.size());
  append_number(out, static_cast<std::uint32_t>(limits.k_type));
  append_number(out, static_cast<std::uint32_t>(limits.v_type));
  append_number(out, length);
  append_number(out, block_bytes);
  return out;
}

}  // namespace

std::string model_fingerprint(const Plan& plan) {
  Sha256 hash;
  constexpr std::size_t kSample = 4096;
  for (const PlanTensor& tensor : plan.tensors) {
    const format::Tensor& source = *tensor.source;
    hash.update(std::as_bytes(std::span(source.name)));
    hash.update(std::as_bytes(std::span(source.dims)));
    hash.update(std::as_bytes(std::span(&source.type, 1)));
    hash.update(source.bytes.first(std::min(source.bytes.size(), kSample)));
  }
  return hash.finish_hex();
}

Result<void> save_sequence(const Sequence& sequence, const Forward& forward,
                           const ExecutorLimits& limits, const std::string& fingerprint,
                           const SequenceSink& sink) {
  Sha256 hash;
  const auto put = [&](std::span<const std::byte> bytes) {
    hash.update(bytes);
    return sink(bytes);
  };
  std::vector<std::byte> block(forward.block_bytes());
  TRY(put(header(sequence.length(), block.size(), limits, fingerprint)));
  for (std::size_t i = 0; i < blocks_of(sequence.length()); ++i) {
    forward.read_block(sequence.blocks()[i], block.data());
    TRY(put(block));
  }
  const std::string hex = hash.finish_hex();
  return sink(std::as_bytes(std::span(hex)));
}

std::vector<std::byte> save_sequence(const Sequence& sequence, const Forward& forward,
                                     const ExecutorLimits& limits, const std::string& fingerprint) {
  std::vector<std::byte> out;
  const auto saved = save_sequence(sequence, forward, limits, fingerprint,
                                   [&](std::span<const std::byte> bytes) -> Result<void> {
                                     out.insert(out.end(), bytes.begin(), bytes.end());
                                     return {};
                                   });
  CHECK(saved.has_value());  // memory is all it needs
  return out;
}

Result<Sequence> restore_sequence(std::span<const std::byte> bytes, SequenceStore& store,
                                  Forward& forward, const ExecutorLimits& limits,
                                  const std::string& fingerprint) {
  const auto broken = [](const char* why) {
    return fail(ErrorCode::integrity, "saved sequence: {}", why);
  };
  if (bytes.size() < kHeaderBytes + kHexBytes) return broken("it is too short");
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data() + kHeaderBytes - 12, sizeof(length));
  const std::size_t block_bytes = forward.block_bytes();
  const auto expected = header(length, block_bytes, limits, fingerprint);
  if (!std::equal(expected.begin(), expected.end(), bytes.begin()))
    return broken("it belongs to another model, cache type or version");
  const std::size_t n_blocks = blocks_of(length);
  const std::span<const std::byte> body = bytes.first(bytes.size() - kHexBytes);
  // Compared by division: a hostile length must not overflow a product.
  const std::size_t payload = body.size() - kHeaderBytes;
  if (block_bytes == 0 ? n_blocks != 0
                       : payload % block_bytes != 0 || payload / block_bytes != n_blocks)
    return broken("its length does not match its contents");
  const std::string hash = hash_of(body);
  if (std::memcmp(hash.data(), bytes.data() + body.size(), kHexBytes) != 0)
    return broken("its hash is wrong");

  Sequence sequence(store);
  TRY(sequence.reserve(length));
  for (std::size_t i = 0; i < n_blocks; ++i)
    forward.write_block(sequence.blocks()[i], body.data() + kHeaderBytes + i * block_bytes);
  sequence.commit(length);
  return sequence;
}

}  // namespace hearth::model
