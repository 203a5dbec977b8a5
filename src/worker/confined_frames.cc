// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <utility>

#include "worker/confined_frames_internal.h"

namespace hearth::worker {
namespace {

constexpr char kProgressKind = 'p', kResultKind = 'r';
constexpr std::size_t kHeadBytes = 9, kProgressBytes = 16;
constexpr std::size_t kMaxErrorBytes = std::size_t{64} << 10;

// Each error's code has a kind of its own.
char kind_of(ErrorCode code) {
  return static_cast<char>(static_cast<std::uint8_t>(code) + 1);
}

std::optional<ErrorCode> code_of_kind(char kind) {
  const auto number = static_cast<std::uint8_t>(kind);
  if (number < 1 || number > static_cast<std::uint8_t>(ErrorCode::io) + 1) return std::nullopt;
  return static_cast<ErrorCode>(number - 1);
}

std::string number_bytes(std::uint64_t number) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(number >> (8 * i) & 0xff);
  return bytes;
}

std::uint64_t number_in(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i)
    number |= std::uint64_t{static_cast<std::uint8_t>(bytes[i])} << (8 * i);
  return number;
}

}  // namespace

std::string progress_frame(std::uint64_t done, std::uint64_t total) {
  return kProgressKind + number_bytes(kProgressBytes) + number_bytes(done) + number_bytes(total);
}

std::string answer_head(const Result<std::string>& answer) {
  if (answer) return kResultKind + number_bytes(answer->size());
  return kind_of(answer.error().code) + number_bytes(answer.error().message.size());
}

bool FrameReader::take(std::string_view bytes,
                       const std::function<void(std::uint64_t, std::uint64_t)>& on_progress) {
  pending_ += bytes;
  while (pending_.size() >= kHeadBytes) {
    const char kind = pending_[0];
    const std::uint64_t n_payload = number_in(std::string_view(pending_).substr(1));
    if (kind != kProgressKind) {
      const std::size_t most = kind == kResultKind ? max_bytes_ : kMaxErrorBytes;
      return (kind == kResultKind || code_of_kind(kind)) && n_payload <= most &&
             pending_.size() - kHeadBytes <= n_payload;
    }
    if (n_payload != kProgressBytes) return false;
    if (pending_.size() < kHeadBytes + kProgressBytes) return true;
    const std::string_view payload = std::string_view(pending_).substr(kHeadBytes);
    if (on_progress) on_progress(number_in(payload), number_in(payload.substr(8)));
    pending_.erase(0, kHeadBytes + kProgressBytes);
  }
  return true;
}

std::optional<Result<std::string>> FrameReader::answer() {
  if (pending_.size() < kHeadBytes || pending_[0] == kProgressKind) return std::nullopt;
  const std::uint64_t n_payload = number_in(std::string_view(pending_).substr(1));
  if (pending_.size() - kHeadBytes != n_payload) return std::nullopt;
  const char kind = pending_[0];
  std::string payload = std::move(pending_);
  payload.erase(0, kHeadBytes);
  if (kind == kResultKind) return Result<std::string>(std::move(payload));
  const auto code = code_of_kind(kind);
  if (!code) return std::nullopt;
  return std::unexpected(Error{*code, std::move(payload)});
}

}  // namespace hearth::worker
