// SPDX-License-Identifier: Apache-2.0
//
// A prepared copy that anything may have happened to. Input: two bytes of how much is missing
// at its end, one whose lowest bit says whether the header's hash is made right again, then three
// bytes for each change: where, and which bits are flipped there. What is read back as a copy must
// be the one that this layout has, down to the last byte of its header.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "base/check.h"
#include "base/file.h"
#include "model/prepared_file.h"

namespace {

using hearth::UniqueFd;
using hearth::model::hash_of_chunk;
using hearth::model::prepared_header;
using hearth::model::PreparedLayout;

constexpr std::size_t kHashedFrom = 16;  // behind the magic and the header's hash

const PreparedLayout& layout() {
  static const PreparedLayout made{
      .key = std::string(64, 'a'),
      .panel_bytes = 4096,
      .tensors = {{.name = "first", .type = 2, .k = 64, .n_rows = 48, .offset = 0},
                  {.name = "second", .type = 3, .k = 32, .n_rows = 5, .offset = 2048}}};
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const std::vector<std::byte> panels(layout().panel_bytes);
  const std::uint64_t hash = hash_of_chunk(panels);
  const std::vector<std::byte> right = prepared_header(layout(), {&hash, 1});
  std::vector<std::byte> bytes = right;
  bytes.insert(bytes.end(), panels.begin(), panels.end());
  CHECK(bytes.size() == layout().file_bytes());
  bytes.resize(bytes.size() - (data[0] + (std::size_t{data[1]} << 8)) % bytes.size());
  for (std::size_t at = 3; at + 3 <= size; at += 3)
    bytes[(data[at] + (std::size_t{data[at + 1]} << 8)) % bytes.size()] ^=
        static_cast<std::byte>(data[at + 2]);
  if ((data[2] & 1) != 0 && bytes.size() >= right.size()) {
    const std::uint64_t sealed =
        hash_of_chunk(std::span(bytes).subspan(kHashedFrom, right.size() - kHashedFrom));
    std::memcpy(bytes.data() + 8, &sealed, sizeof(sealed));
  }

  static const UniqueFd file(::memfd_create("prepared", MFD_CLOEXEC));
  CHECK(::ftruncate(file.get(), static_cast<off_t>(bytes.size())) == 0);
  CHECK(::pwrite(file.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  const auto hashes = hearth::model::read_prepared_header(file.get(), layout());
  if (!hashes) {
    CHECK(!hashes.error().message.empty());
    return 0;
  }
  CHECK(bytes.size() == layout().file_bytes() && hashes->size() == layout().n_chunks());
  const auto expected = prepared_header(layout(), *hashes);
  CHECK(std::memcmp(bytes.data(), expected.data(), expected.size()) == 0);
  return 0;
}
