// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer_test_util.h"

#include <sys/mman.h>
#include <unistd.h>

#include <sstream>

#include "base/file.h"

namespace hearth::text {

Result<TokenizerPtr> load_tokenizer_bytes(std::string_view bytes) {
  const format::FileBytes file = {"test.gguf", std::as_bytes(std::span(bytes))};
  const format::Gguf gguf = TRY(format::Gguf::parse(std::span(&file, 1)));
  return Tokenizer::load(gguf);
}

Result<TokenizerPtr> load_tokenizer_file(const std::string& path) {
  const std::string bytes = TRY(read_file(path, std::size_t{1} << 28));
  return load_tokenizer_bytes(bytes);
}

Result<TokenizerPtr> load_tokenizer(const std::vector<format::WriteKeyValue>& metadata) {
  const UniqueFd fd(memfd_create("tokenizer", MFD_CLOEXEC));
  TRY(format::write_gguf(fd.get(), {.metadata = metadata, .tensors = {}}));
  lseek(fd.get(), 0, SEEK_SET);
  return load_tokenizer_bytes(TRY(read_all(fd.get(), std::size_t{1} << 28)));
}

std::vector<TokenId> encode(const Tokenizer& tokenizer, std::string_view text,
                            EncodeOptions options) {
  std::vector<TokenId> ids;
  tokenizer.encode(text, options, ids);
  return ids;
}

std::vector<std::string> read_test_texts(const std::string& path) {
  constexpr std::string_view kSeparator = "\n__ggml_vocab_test__\n";
  const std::string all = read_file(path, std::size_t{1} << 24).value_or("");
  std::vector<std::string> texts;
  for (std::size_t begin = 0; begin <= all.size();) {
    const std::size_t end = all.find(kSeparator, begin);
    texts.push_back(all.substr(begin, end == std::string::npos ? end : end - begin));
    if (end == std::string::npos) break;
    begin = end + kSeparator.size();
  }
  return texts;
}

std::vector<std::vector<TokenId>> read_test_ids(const std::string& path) {
  std::vector<std::vector<TokenId>> all;
  std::istringstream lines(read_file(path, std::size_t{1} << 24).value_or(""));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream numbers(line);
    std::vector<TokenId>& ids = all.emplace_back();
    for (TokenId id; numbers >> id;) ids.push_back(id);
  }
  return all;
}

}  // namespace hearth::text
