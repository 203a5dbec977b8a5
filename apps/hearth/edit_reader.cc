// SPDX-License-Identifier: Apache-2.0
//
// Lines edited with libedit (its manual pages: editline(3), editrc(5)). Characters are read by us
// and not by libedit, for three reasons: a pasted text (bracketed paste, as xterm's control
// sequences define it) must arrive as one, Ctrl-C must end the line, and signals must be acted on
// outside their handlers. ~/.editrc is honoured.
#include <histedit.h>
#include <langinfo.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <string_view>

#include "base/utf8.h"
#include "chat_history.h"
#include "line_reader.h"
#include "process.h"
#include "terminal_signals.h"

namespace hearth::app {
namespace {

constexpr std::string_view kPasteOn = "\033[?2004h", kPasteOff = "\033[?2004l",
                           kPasteEnd = "\033[201~";
constexpr std::size_t kMaxPaste = std::size_t{16} << 20;

std::wstring to_wide(std::string_view text) {
  std::wstring wide;
  while (!text.empty()) {
    const DecodedRune decoded = decode_rune(text);
    wide += static_cast<wchar_t>(decoded.rune);
    text.remove_prefix(decoded.length);
  }
  return wide;
}

std::string to_utf8(std::wstring_view wide) {
  std::string text;
  for (const wchar_t c : wide) append_rune(text, static_cast<char32_t>(c));
  return text;
}

class EditReader final : public LineReader {
 public:
  // Whether libedit took the terminal.
  bool open();
  ~EditReader() override;
  TypedLine read(const char* prompt) override;
  void remember(const std::string& text) override;

 private:
  static EditReader& of(EditLine* edit);
  static wchar_t* give_prompt(EditLine* edit);
  static int give_character(EditLine* edit, wchar_t* character);
  static unsigned char take_paste(EditLine* edit, wint_t);
  static unsigned char insert_newline(EditLine* edit, wint_t);

  void bind_keys();
  void prepare_terminal(bool for_editing);
  void act_on_signals();
  bool fill();
  bool next_rune(char32_t& rune);
  std::string read_paste();

  EditLine* edit_ = nullptr;
  HistoryW* history_ = nullptr;
  std::FILE* out_ = nullptr;
  std::wstring prompt_;
  std::string typed_;  // bytes read and not yet used
  bool interrupted_ = false;
  std::string given_up_;  // what the line was when it was interrupted
};

bool EditReader::open() {
  // libedit asks the locale how wide a character is. UTF-8 is what we read and write.
  if (std::setlocale(LC_CTYPE, "") == nullptr || std::string_view(nl_langinfo(CODESET)) != "UTF-8")
    std::setlocale(LC_CTYPE, "C.UTF-8");
  const int fd = ::dup(STDERR_FILENO);
  out_ = fd >= 0 ? ::fdopen(fd, "w") : nullptr;
  if (out_ == nullptr) return false;
  edit_ = ::el_init("hearth", stdin, out_, out_);
  history_ = ::history_winit();
  if (edit_ == nullptr || history_ == nullptr) return false;
  HistEventW event;
  ::history_w(history_, &event, H_SETSIZE, static_cast<int>(kMaxHistoryEntries));
  ::history_w(history_, &event, H_SETUNIQUE, 1);
  ::el_wset(edit_, EL_CLIENTDATA, this);
  ::el_wset(edit_, EL_PROMPT, &give_prompt);
  ::el_wset(edit_, EL_GETCFN, &give_character);
  ::el_wset(edit_, EL_HIST, history_w, history_);
  ::el_wset(edit_, EL_SIGNAL, 0);
  // Line ends arrive as they are sent, so that a pasted \r\n is one.
  ::el_wset(edit_, EL_SETTY, L"-d", L"-inlcr", L"-icrnl", static_cast<wchar_t*>(nullptr));
  bind_keys();
  ::el_source(edit_, nullptr);
  return true;
}

EditReader::~EditReader() {
  if (edit_ != nullptr) ::el_end(edit_);
  if (history_ != nullptr) ::history_wend(history_);
  if (out_ != nullptr) std::fclose(out_);
}

// What people expect beyond libedit's own bindings (those of Emacs).
void EditReader::bind_keys() {
  ::el_wset(edit_, EL_EDITOR, L"emacs");
  ::el_wset(edit_, EL_ADDFN, L"hearth-paste", L"insert a pasted text", &take_paste);
  ::el_wset(edit_, EL_ADDFN, L"hearth-newline", L"insert a newline", &insert_newline);
  constexpr std::array<std::array<const wchar_t*, 2>, 15> kKeys = {{
      {L"\033[200~", L"hearth-paste"},
      {L"\033\n", L"hearth-newline"},  // Alt-Enter
      {L"\033\r", L"hearth-newline"},
      {L"^R", L"em-inc-search-prev"},
      {L"^W", L"ed-delete-prev-word"},
      {L"\033[H", L"ed-move-to-beg"},
      {L"\033[F", L"ed-move-to-end"},
      {L"\033OH", L"ed-move-to-beg"},
      {L"\033OF", L"ed-move-to-end"},
      {L"\033[1~", L"ed-move-to-beg"},
      {L"\033[4~", L"ed-move-to-end"},
      {L"\033[3~", L"ed-delete-next-char"},
      {L"\033[1;5C", L"em-next-word"},  // Ctrl-right
      {L"\033[1;5D", L"ed-prev-word"},  // Ctrl-left
      {L"\t", L"ed-insert"},
  }};
  for (const auto& [key, function] : kKeys)
    ::el_wset(edit_, EL_BIND, key, function, static_cast<wchar_t*>(nullptr));
}

TypedLine EditReader::read(const char* prompt) {
  prompt_ = to_wide(prompt);
  interrupted_ = false;
  const TerminalSignals signals;
  prepare_terminal(true);  // libedit itself would do so after showing the prompt
  int n = 0;
  const wchar_t* line = ::el_wgets(edit_, &n);
  std::fputs(kPasteOff.data(), out_);
  std::fflush(out_);
  if (interrupted_) {
    std::fputs("\n", out_);
    std::fflush(out_);
    return {TypedLine::End::interrupted, std::move(given_up_)};
  }
  if (line == nullptr || n <= 0) return {TypedLine::End::end, {}};
  std::string text = to_utf8({line, static_cast<std::size_t>(n)});
  if (text.ends_with('\n')) text.pop_back();
  return {TypedLine::End::entered, std::move(text)};
}

void EditReader::remember(const std::string& text) {
  HistEventW event;
  ::history_w(history_, &event, H_ENTER, to_wide(text).c_str());
}

EditReader& EditReader::of(EditLine* edit) {
  void* self = nullptr;
  ::el_wget(edit, EL_CLIENTDATA, &self);
  return *static_cast<EditReader*>(self);
}

wchar_t* EditReader::give_prompt(EditLine* edit) {
  return of(edit).prompt_.data();
}

// 1: a character, 0: the end, -1: the line is given up.
int EditReader::give_character(EditLine* edit, wchar_t* character) {
  EditReader& self = of(edit);
  char32_t rune = 0;
  if (self.next_rune(rune)) {
    *character = static_cast<wchar_t>(rune);
    return 1;
  }
  if (!self.interrupted_) return 0;
  const LineInfoW* line = ::el_wline(edit);
  self.given_up_ = to_utf8({line->buffer, static_cast<std::size_t>(line->lastchar - line->buffer)});
  return -1;
}

unsigned char EditReader::take_paste(EditLine* edit, wint_t) {
  const std::wstring text = to_wide(of(edit).read_paste());
  return !text.empty() && ::el_winsertstr(edit, text.c_str()) != 0 ? CC_ERROR : CC_REFRESH;
}

unsigned char EditReader::insert_newline(EditLine* edit, wint_t) {
  return ::el_winsertstr(edit, L"\n") != 0 ? CC_ERROR : CC_REFRESH;
}

void EditReader::prepare_terminal(bool for_editing) {
  std::fputs((for_editing ? kPasteOn : kPasteOff).data(), out_);
  std::fflush(out_);
  ::el_wset(edit_, EL_PREP_TERM, for_editing ? 1 : 0);
}

void EditReader::act_on_signals() {
  if (TerminalSignals::take_resize()) ::el_resize(edit_);
  const int ending = TerminalSignals::take_ending();
  if (ending == 0) return;
  prepare_terminal(false);
  TerminalSignals::obey(ending);  // usually does not return, or after the shell's fg
  prepare_terminal(true);
  ::el_wset(edit_, EL_REFRESH);
}

// Waits for more bytes in typed_; false at the end, and after Ctrl-C, which sets interrupted_.
bool EditReader::fill() {
  while (true) {
    if (interrupted()) {
      clear_interrupted();
      interrupted_ = true;
      return false;
    }
    act_on_signals();
    pollfd poller{STDIN_FILENO, POLLIN, 0};
    if (::poll(&poller, 1, kSignalPollMs) <= 0) continue;
    std::array<char, 4096> bytes;
    const ssize_t n = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    if (n > 0) {
      typed_.append(bytes.data(), static_cast<std::size_t>(n));
      return true;
    }
    if (n == 0 || (errno != EINTR && errno != EAGAIN)) return false;
  }
}

bool EditReader::next_rune(char32_t& rune) {
  while (typed_.empty() || (typed_.size() < 4 && incomplete_tail(typed_) == typed_.size()))
    if (!fill()) return false;
  const DecodedRune decoded = decode_rune(typed_);
  typed_.erase(0, decoded.length);
  rune = decoded.rune;
  return true;
}

// What stands before the end mark, with newlines alone for line ends and without other controls.
std::string EditReader::read_paste() {
  std::size_t end = typed_.find(kPasteEnd);
  while (end == std::string::npos && typed_.size() < kMaxPaste && fill())
    end = typed_.find(kPasteEnd);
  const std::string pasted = typed_.substr(0, end);
  typed_.erase(0, end == std::string::npos ? end : end + kPasteEnd.size());
  std::string text;
  for (std::size_t i = 0; i < pasted.size(); ++i) {
    const char c = pasted[i];
    if (c == '\r' && (i + 1 == pasted.size() || pasted[i + 1] != '\n')) text += '\n';
    if (c == '\n' || c == '\t' || static_cast<unsigned char>(c) >= ' ') text += c;
  }
  return text;
}

}  // namespace

std::unique_ptr<LineReader> make_edit_reader() {
  auto reader = std::make_unique<EditReader>();
  if (!reader->open()) return nullptr;
  return reader;
}

}  // namespace hearth::app
