// SPDX-License-Identifier: Apache-2.0
#include "confined_print.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>

#include "process.h"

namespace hearth::app {
namespace {

// Between the two processes: status, length of the notes in decimal, a line feed, notes, output.
std::string packed(const Printed& printed) {
  return fmt::format("{} {}\n{}{}", printed.status, printed.notes.size(), printed.notes,
                     printed.out);
}

Result<Printed> unpacked(std::string bytes) {
  int status = 0;
  std::size_t n_notes = 0;
  const std::size_t n_head = bytes.find('\n') + 1;
  if (n_head == 0 || std::sscanf(bytes.c_str(), "%d %zu\n", &status, &n_notes) != 2 ||
      n_notes > bytes.size() - n_head)
    return fail(ErrorCode::failed, "a confined process: not an answer");
  Printed printed{.status = status, .out = {}, .notes = bytes.substr(n_head, n_notes)};
  bytes.erase(0, n_head + n_notes);
  printed.out = std::move(bytes);
  return printed;
}

Result<Printed> confined(const PrintJob& job) {
  constexpr std::size_t kMostOut = std::size_t{64} << 20;
  constexpr std::size_t kMostForEachByte = 4096;  // a token that is named by few digits is long
  constexpr double kSeconds = 600, kSecondsForEachByte = 1e-6;
  return unpacked(TRY(worker::run_confined(
      {.about = job.about,
       .work = [&job](const worker::ConfinedPlace& place) -> Result<std::string> {
         return packed(TRY(job.work(place.tell)));
       },
       .on_progress = job.on_progress,
       .max_bytes = kMostOut + kMostForEachByte* job.input_bytes,
       .seconds = job.takes_long
                      ? 0
                      : kSeconds + kSecondsForEachByte* static_cast<double>(job.input_bytes),
       .stop = &interrupted_flag()})));
}

}  // namespace

void SandboxFlag::declare(Flags& flags) {
  flags
      .add("--no-sandbox", no_sandbox_,
           "read the model's file in this process, where the system cannot confine another")
      .variable("NO_SANDBOX")
      .rare();
}

Result<int> SandboxFlag::print(const PrintJob& job) const {
  const worker::TellProgress tell =
      job.on_progress ? job.on_progress : [](std::uint64_t, std::uint64_t) {};
  const Printed printed = TRY(no_sandbox_ ? job.work(tell) : confined(job));
  if (!printed.notes.empty()) fmt::print(stderr, "{}", printed.notes);
  TRY(write_stdout(printed.out));
  return printed.status;
}

std::string describe_sandbox() {
  const auto told =
      worker::run_confined({.about = "sandbox",
                            .work = [](const worker::ConfinedPlace& place) -> Result<std::string> {
                              std::string text = worker::describe(place.sandbox);
                              for (const std::string& lacks : place.sandbox.missing)
                                text += "; " + lacks;
                              return text;
                            },
                            .seconds = 10});
  return told ? *told : told.error().message;
}

}  // namespace hearth::app
