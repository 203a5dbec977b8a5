// SPDX-License-Identifier: Apache-2.0
#include "check_weights.h"

#include <algorithm>

#include "kernels/scale_fields.h"
#include "process.h"

namespace hearth::app {
namespace {

constexpr std::size_t kShown = 8;                // indices that are kept of each tensor
constexpr std::uint64_t kPieceBytes = 16 << 20;  // between looks at Ctrl-C

}  // namespace

std::uint64_t offset_of_block(const format::Tensor& tensor, std::uint64_t block) {
  return tensor.file_offset + block * format::type_info(tensor.type).block_bytes;
}

Result<std::vector<BadTensor>> find_bad_weights(
    const format::Gguf& gguf, const std::function<void(std::uint64_t, std::uint64_t)>& tell) {
  std::uint64_t total_bytes = 0, done_bytes = 0;
  for (const format::Tensor& tensor : gguf.tensors()) total_bytes += tensor.bytes.size();
  std::vector<BadTensor> bad;
  for (const format::Tensor& tensor : gguf.tensors()) {
    const std::uint64_t block_bytes = format::type_info(tensor.type).block_bytes;
    const std::uint64_t n_blocks = tensor.bytes.size() / block_bytes;
    const std::uint64_t n_piece = kPieceBytes / block_bytes;
    BadTensor found{.tensor = &tensor, .n_bad = 0, .first = {}};
    for (std::uint64_t begin = 0; begin < n_blocks; begin += n_piece) {
      if (interrupted()) return fail(ErrorCode::cancelled, "interrupted");
      const std::uint64_t end = std::min(begin + n_piece, n_blocks);
      for (std::uint64_t at = begin; at < end; ++at) {
        at += kernels::find_not_finite(static_cast<kernels::WeightType>(tensor.type), block_bytes,
                                       tensor.bytes.data() + at * block_bytes, end - at);
        if (at == end) break;
        if (++found.n_bad <= kShown) found.first.push_back(at);
      }
      done_bytes += (end - begin) * block_bytes;
      tell(done_bytes, total_bytes);
    }
    if (found.n_bad > 0) bad.push_back(std::move(found));
  }
  return bad;
}

}  // namespace hearth::app
