// SPDX-License-Identifier: Apache-2.0
//
// Gguf::parse over arbitrary bytes, as one file or as up to three shards; whatever is accepted is
// then read through every getter and to the ends of every tensor.
//
// Input: one byte, modulo 3, is the number of files less one; each file but the last begins with
// its length as 16 bits; the last takes the rest. tools/gguf/make_corpus.py writes such inputs.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "format/gguf.h"
#include "format/gguf_test_util.h"

namespace {

using hearth::format::ExactBytes;
using hearth::format::FileBytes;
using hearth::format::Gguf;
using hearth::format::Tensor;

std::vector<ExactBytes> files_of(std::string_view input) {
  std::vector<ExactBytes> files;
  if (input.empty()) return files;
  const int n_files = 1 + static_cast<unsigned char>(input[0]) % 3;
  input.remove_prefix(1);
  for (int i = 1; i < n_files && input.size() >= 2; ++i) {
    std::uint16_t length = 0;
    std::memcpy(&length, input.data(), sizeof length);
    input.remove_prefix(sizeof length);
    files.emplace_back(input.substr(0, length));
    input.remove_prefix(std::min<std::size_t>(length, input.size()));
  }
  files.emplace_back(input);
  return files;
}

void require(bool condition) {
  if (!condition) std::abort();
}

// Every tensor is where and as large as its type and shape say.
void check_placement(const Gguf& gguf, const std::vector<ExactBytes>& files) {
  for (const Tensor& tensor : gguf.tensors()) {
    require(tensor.shard < files.size());
    const auto file = files[tensor.shard].span();
    require(tensor.file_offset < file.size() && tensor.file_offset % 8 == 0);
    require(tensor.bytes.data() == file.data() + tensor.file_offset);
    require(tensor.bytes.size() <= file.size() - tensor.file_offset);
    const auto& info = type_info(tensor.type);
    require(tensor.n_elements() / info.block_elems * info.block_bytes == tensor.bytes.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<ExactBytes> files = files_of({reinterpret_cast<const char*>(data), size});
  std::vector<FileBytes> shards;
  for (const ExactBytes& file : files) shards.push_back({"fuzz.gguf", file.span()});
  const auto gguf = Gguf::parse(shards);
  if (!gguf) {
    require(!gguf.error().message.empty());
    return 0;
  }
  check_placement(*gguf, files);
  volatile std::uint64_t seen = touch_everything(*gguf);
  static_cast<void>(seen);
  return 0;
}
