// SPDX-License-Identifier: Apache-2.0
#include "bench_peer.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "base/escape.h"
#include "base/json.h"
#include "base/utf8.h"
#include "child_process.h"

namespace hearth::app {
namespace {

constexpr double kHelpSeconds = 20, kRunSeconds = 1800;
constexpr std::size_t kMostPeerBytes = std::size_t{4} << 20, kMostRepetitions = 100000;

bool is_program(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (true) {
    const std::size_t start = text.find_first_not_of(" \t\n");
    if (start == std::string_view::npos) return words;
    text.remove_prefix(start);
    const std::size_t length = std::min(text.find_first_of(" \t\n"), text.size());
    words.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
  }
}

// A number of a field; 0 where there is none.
double number_of(const Json& row, const char* field) {
  const auto found = row.find(field);
  if (found == row.end() || !found->is_number()) return 0;
  return found->get<double>();
}

bool is_speed(double value) {
  return std::isfinite(value) && value > 0;
}

// Of each repetition, or the mean alone where a program tells no more.
std::vector<double> speeds_of(const Json& row) {
  std::vector<double> speeds;
  if (const auto found = row.find("samples_ts"); found != row.end() && found->is_array())
    for (const Json& sample : *found)
      if (sample.is_number() && is_speed(sample.get<double>()) && speeds.size() < kMostRepetitions)
        speeds.push_back(sample.get<double>());
  if (const double mean = number_of(row, "avg_ts"); speeds.empty() && is_speed(mean))
    speeds.push_back(mean);
  return speeds;
}

std::string version_of(const Json& row) {
  const auto commit = row.find("build_commit");
  if (commit == row.end() || !commit->is_string() || *commit == "unknown") return "";
  return printable(
      fmt::format("{} ({:.0f})", commit->get<std::string>(), number_of(row, "build_number")), 60);
}

// The last line of what it said, which is why it failed more often than not.
std::string last_words(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  const std::size_t newline = text.rfind('\n');
  return printable(newline == std::string_view::npos ? text : text.substr(newline + 1), 200);
}

}  // namespace

Result<BenchPeer> parse_peer(const std::string& text) {
  BenchPeer peer;
  std::string rest = text;
  const std::size_t equals = text.find('=');
  if (equals != std::string::npos && equals > 0 && equals < text.find_first_of("/ \t")) {
    peer.name = to_valid_utf8(text.substr(0, equals));
    rest = text.substr(equals + 1);
  }
  if (is_program(rest)) {
    peer.program = rest;
  } else if (std::vector<std::string> words = words_of(rest); !words.empty()) {
    peer.program = words[0];
    peer.flags.assign(words.begin() + 1, words.end());
  }
  if (!is_program(peer.program))
    return fail(ErrorCode::usage,
                "--peer {}: give the path of a llama-bench, and perhaps a name before it and flags "
                "after it: \"NAME=PATH FLAG...\"",
                printable(text, 200));
  if (peer.name.empty())
    peer.name = to_valid_utf8(peer.program.substr(peer.program.rfind('/') + 1));
  // Without a slash it would be looked for among the commands.
  if (peer.program.find('/') == std::string::npos) peer.program = "./" + peer.program;
  return peer;
}

PeerDialect dialect_of(std::string_view help) {
  if (help.find("--n-depth") != std::string_view::npos) return PeerDialect::depth_flag;
  if (help.find("-gp ") != std::string_view::npos) return PeerDialect::generation_after_prompt;
  return PeerDialect::no_depth;
}

std::vector<std::string> flags_for(const BenchPeer& peer, PeerDialect dialect,
                                   const PeerTest& test) {
  const auto number = [](std::uint32_t n) { return fmt::format("{}", n); };
  std::vector<std::string> flags = {"-m",   test.model_path,
                                    "-t",   number(test.n_threads),
                                    "-b",   number(test.n_batch),
                                    "-ub",  number(test.n_ubatch),
                                    "-ctk", test.type_k,
                                    "-ctv", test.type_v,
                                    "-fa",  "1",
                                    "-r",   number(test.n_repetitions),
                                    "-o",   "json"};
  if (dialect == PeerDialect::generation_after_prompt && test.n_depth > 0) {
    flags.insert(flags.end(),
                 {"-p", "0", "-n", "0", "-gp", fmt::format("{},{}", test.n_depth, test.n_gen)});
  } else {
    flags.insert(flags.end(), {"-p", number(test.n_prompt), "-n", number(test.n_gen)});
    if (test.n_depth > 0) flags.insert(flags.end(), {"-d", number(test.n_depth)});
  }
  flags.insert(flags.end(), peer.flags.begin(), peer.flags.end());
  return flags;
}

Result<PeerSpeeds> parse_peer_speeds(std::string_view text) {
  // What a program says before its list is not for us.
  std::size_t start = text.starts_with('[') ? 0 : text.find("\n[");
  if (start == std::string_view::npos)
    return fail(ErrorCode::integrity, "it printed no list of tests");
  if (text[start] == '\n') ++start;
  const Result<Json> rows = parse_json(text.substr(start), {.max_bytes = kMostPeerBytes});
  if (!rows) return fail(ErrorCode::integrity, "it printed no JSON: {}", rows.error().message);
  PeerSpeeds speeds;
  for (const Json& row : *rows) {
    if (!row.is_object()) continue;
    // Of -gp both numbers are told, and the speed is that of the generation.
    const bool has_gen = number_of(row, "n_gen") > 0;
    if (!has_gen && number_of(row, "n_prompt") <= 0) continue;
    (has_gen ? speeds.generation : speeds.prompt) = speeds_of(row);
    speeds.version = version_of(row);
  }
  if (speeds.prompt.empty() && speeds.generation.empty())
    return fail(ErrorCode::integrity, "it told no speeds");
  return speeds;
}

Result<PeerRunner> PeerRunner::create(BenchPeer peer, const std::atomic<bool>& stop) {
  const std::vector<std::string> flags = {"--help"};
  const ChildOutput help = TRY(
      run_child(peer.program, flags, {.seconds = kHelpSeconds, .max_bytes = kMostPeerBytes}, stop));
  const PeerDialect dialect = dialect_of(help.out + help.err_tail);
  return PeerRunner(std::move(peer), dialect, stop);
}

Result<PeerSpeeds> PeerRunner::run(const PeerTest& test) const {
  if (dialect_ == PeerDialect::no_depth && test.n_depth > 0)
    return fail(ErrorCode::unsupported, "it has no flag for a depth");
  const ChildOutput output =
      TRY(run_child(peer_.program, flags_for(peer_, dialect_, test),
                    {.seconds = kRunSeconds, .max_bytes = kMostPeerBytes}, *stop_));
  if (output.status != 0) {
    const std::string why = last_words(output.err_tail.empty() ? output.out : output.err_tail);
    return fail(ErrorCode::failed, "exit status {}{}{}", output.status, why.empty() ? "" : ": ",
                why);
  }
  return parse_peer_speeds(output.out);
}

}  // namespace hearth::app
