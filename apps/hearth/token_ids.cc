// SPDX-License-Identifier: Apache-2.0
#include "token_ids.h"

#include <charconv>
#include <limits>

#include "base/escape.h"
#include "base/file.h"
#include "flags.h"

namespace hearth::app {

Result<std::vector<std::int32_t>> parse_token_ids(std::string_view text, std::size_t n_vocab) {
  constexpr std::string_view kDividers = " \t\r\n\v\f,";
  const std::size_t limit = n_vocab == 0 ? std::numeric_limits<std::int32_t>::max() : n_vocab;
  std::vector<std::int32_t> ids;
  std::size_t at = 0;
  while ((at = text.find_first_not_of(kDividers, at)) != std::string_view::npos) {
    const std::string_view word = text.substr(at, text.find_first_of(kDividers, at) - at);
    std::int32_t id = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (error != std::errc() || end != word.data() + word.size() || id < 0 ||
        static_cast<std::size_t>(id) >= limit)
      return fail(ErrorCode::usage, "'{}' is not a token id below {}", printable(word, 40), limit);
    ids.push_back(id);
    at += word.size();
  }
  return ids;
}

void TokenListArgument::declare(Flags& flags) {
  flags.add("--tokens", list_, "token ids, divided by commas").value("IDS");
  flags.add("--tokens-file", file_, "a file of token ids, divided by blanks or commas")
      .value("FILE");
}

Result<std::vector<std::int32_t>> TokenListArgument::take() const {
  if (list_.empty() == file_.empty())
    return fail(ErrorCode::usage, "give either --tokens 1,2,3 or --tokens-file FILE");
  std::string text = list_;
  if (!file_.empty()) text = TRY(read_file(file_, std::size_t{1} << 30));
  std::vector<std::int32_t> ids = TRY(parse_token_ids(text, 0));
  if (ids.empty()) return fail(ErrorCode::usage, "the token list is empty");
  return ids;
}

}  // namespace hearth::app
