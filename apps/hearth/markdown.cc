// SPDX-License-Identifier: Apache-2.0
#include "markdown.h"

#include <algorithm>
#include <utility>

#include "terminal_text.h"

namespace hearth::app {
namespace {

constexpr std::size_t kMaxHeld = 32;  // longer indents and runs are no marks

enum class LineMark { undecided, none, heading, fence, item };

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// What the beginning of a line is so far: "## ", "```", "- ", "12. ", "> ".
LineMark line_mark(std::string_view text) {
  if (text.size() > kMaxHeld) return LineMark::none;
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(" \t")));
  if (text.empty()) return LineMark::undecided;
  const char first = text[0];
  const std::size_t n = std::min(text.size(), text.find_first_not_of(first));
  const bool is_all = n == text.size();
  const bool is_spaced = n + 1 == text.size() && text[n] == ' ';
  switch (first) {
    case '#':
      if (is_all) return n <= 6 ? LineMark::undecided : LineMark::none;
      return is_spaced ? LineMark::heading : LineMark::none;
    case '`':
    case '~':
      if (n >= 3) return LineMark::fence;
      return is_all ? LineMark::undecided : LineMark::none;
    case '>':
      return LineMark::item;
    case '-':
    case '*':
    case '+':
      if (text.size() == 1) return LineMark::undecided;
      return n == 1 && is_spaced ? LineMark::item : LineMark::none;
    default:
      break;
  }
  const std::size_t n_digits =
      static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  const std::string_view rest = text.substr(n_digits);
  if (n_digits == 0 || n_digits > 9) return LineMark::none;
  if (rest.empty() || rest == "." || rest == ")") return LineMark::undecided;
  return rest == ". " || rest == ") " ? LineMark::item : LineMark::none;
}

}  // namespace

std::string MarkdownStyler::push(std::string_view text) {
  for (const char c : text) take(c);
  return std::exchange(out_, {});
}

std::string MarkdownStyler::finish() {
  end_line();
  return std::exchange(out_, {});
}

void MarkdownStyler::take(char c) {
  if (c == '\n') {
    end_line();
    out_ += c;
  } else if (is_line_start_) {
    take_line_start(c);
  } else {
    take_inside(c);
  }
}

void MarkdownStyler::take_line_start(char c) {
  held_ += c;
  LineMark mark = line_mark(held_);
  if (mark == LineMark::undecided) return;
  // In a block of code nothing is a mark but the fence that ends it.
  if (fence_ != 0 && (mark != LineMark::fence || held_.back() != fence_)) mark = LineMark::none;
  is_line_start_ = false;
  const std::string start = std::exchange(held_, {});
  if (mark == LineMark::none) {
    for (const char each : start) take_inside(each);
    return;
  }
  is_heading_ = mark == LineMark::heading;
  if (mark == LineMark::fence) {
    is_fence_line_ = true;
    fence_ = fence_ == 0 ? c : '\0';
  }
  write(start, kDim);
  last_ = c;
}

void MarkdownStyler::take_inside(char c) {
  const bool is_plain = is_fence_line_ || fence_ != 0;
  const bool may_mark = !is_plain && (c == '`' || (c == '*' && n_code_ticks_ == 0));
  if (!held_.empty() && (held_[0] != c || held_.size() == kMaxHeld)) decide_run(c);
  if (may_mark) {
    held_ += c;
    return;
  }
  write({&c, 1}, is_fence_line_ ? kDim : text_style());
  last_ = c;
}

// A run of * or ` is complete.
void MarkdownStyler::decide_run(char next) {
  const std::string run = std::exchange(held_, {});
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n'; };
  bool is_mark = false;
  if (run[0] == '`') {
    is_mark = n_code_ticks_ == run.size() || (n_code_ticks_ == 0 && next != '\n');
    if (is_mark) n_code_ticks_ = n_code_ticks_ == 0 ? run.size() : 0;
  } else if (run.size() == 2 || run.size() == 3) {
    is_mark = is_bold_ ? !is_space(last_) : !is_space(next);
    if (is_mark) is_bold_ = !is_bold_;
  }
  write(run, is_mark ? kDim : text_style());
  last_ = run[0];
}

void MarkdownStyler::end_line() {
  if (is_line_start_) {
    for (const char c : std::exchange(held_, {})) take_inside(c);
  }
  if (!held_.empty()) decide_run('\n');
  write("", "");
  is_line_start_ = true;
  is_fence_line_ = is_heading_ = is_bold_ = false;
  n_code_ticks_ = 0;
  last_ = '\n';
}

void MarkdownStyler::write(std::string_view text, std::string_view style) {
  if (style != style_) {
    if (!style_.empty()) out_ += kPlain;
    out_ += style;
    style_ = style;
  }
  out_ += text;
}

std::string_view MarkdownStyler::text_style() const {
  if (fence_ != 0 || n_code_ticks_ != 0) return kCode;
  return is_heading_ || is_bold_ ? kBold : std::string_view();
}

}  // namespace hearth::app
