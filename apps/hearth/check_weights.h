// SPDX-License-Identifier: Apache-2.0
//
// Looks through the weights of a model for what is no number: NaN or infinite scales of blocks, NaN
// or infinite values of plain types. Reads scales alone where finite scales make finite weights.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "format/gguf.h"

namespace hearth::app {

struct BadTensor {
  const format::Tensor* tensor = nullptr;
  std::uint64_t n_bad = 0;           // blocks (elements of plain types)
  std::vector<std::uint64_t> first;  // their indices, the first few
};

// The offset in its file of a block of a tensor.
std::uint64_t offset_of_block(const format::Tensor& tensor, std::uint64_t block);

// Tensors that have any, in the order of the file. Tells how many bytes of how many it has looked
// through; cancelled by Ctrl-C.
Result<std::vector<BadTensor>> find_bad_weights(
    const format::Gguf& gguf, const std::function<void(std::uint64_t, std::uint64_t)>& tell);

}  // namespace hearth::app
