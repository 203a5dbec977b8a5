// SPDX-License-Identifier: Apache-2.0
//
// Tokenizers for tests, from files or from metadata made in memory.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "format/gguf.h"
#include "format/gguf_writer.h"
#include "text/tokenizer.h"

namespace hearth::text {

using TokenizerPtr = std::shared_ptr<const Tokenizer>;

Result<TokenizerPtr> load_tokenizer_bytes(std::string_view bytes);
Result<TokenizerPtr> load_tokenizer_file(const std::string& path);
Result<TokenizerPtr> load_tokenizer(const std::vector<format::WriteKeyValue>& metadata);

std::vector<TokenId> encode(const Tokenizer& tokenizer, std::string_view text,
                            EncodeOptions options = {.add_special = false, .parse_special = false});

// llama.cpp's pairs of files: texts separated by a line "__ggml_vocab_test__", and a line of ids
// each.
std::vector<std::string> read_test_texts(const std::string& path);
std::vector<std::vector<TokenId>> read_test_ids(const std::string& path);

}  // namespace hearth::text
