// SPDX-License-Identifier: Apache-2.0
//
// compare: how far the logits of one dump ('hearth logits') are from those of another over the same
// tokens. The vocabulary's size follows from the files and the number of tokens.
#include <fmt/format.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "command.h"
#include "flags.h"
#include "process.h"
#include "sample/divergence.h"
#include "sample/softmax.h"
#include "token_ids.h"

namespace hearth::app {
namespace {

struct CompareOptions {
  std::string reference, other;
  TokenListArgument tokens;
  bool json = false;
};

// A file of float32 rows, mapped.
class Dump {
 public:
  static Result<Dump> open(const std::string& path, std::size_t n_rows) {
    const UniqueFd fd = TRY(open_for_read(path));
    Dump dump;
    dump.file_ = TRY(MappedFile::map(fd.get(), path));
    const std::size_t n_bytes = dump.file_.bytes().size(), row_bytes = n_bytes / n_rows;
    if (row_bytes == 0 || n_bytes % n_rows != 0 || row_bytes % sizeof(float) != 0)
      return fail(ErrorCode::integrity,
                  "{}: {} bytes are not a row of float32 for each of {} tokens", printable(path),
                  n_bytes, n_rows);
    dump.n_vocab_ = row_bytes / sizeof(float);
    return dump;
  }

  std::size_t n_vocab() const { return n_vocab_; }

  Result<std::span<const float>> row(std::size_t i) const {
    const std::byte* const first = file_.bytes().data() + i * n_vocab_ * sizeof(float);
    const std::span<const float> row(reinterpret_cast<const float*>(first), n_vocab_);
    if (sample::has_bad_value(row))
      return fail(ErrorCode::integrity, "{}: the logits at position {} are not finite",
                  printable(file_.name()), i);
    return row;
  }

 private:
  MappedFile file_;
  std::size_t n_vocab_ = 0;
};

Json to_json(const sample::Estimate& estimate) {
  return {{"value", estimate.value}, {"standard_error", estimate.standard_error}};
}

std::string to_text(const sample::Divergence& d) {
  return fmt::format(
      "positions        {}\n"
      "mean KL          {:.6f} +/- {:.6f}\n"
      "median KL        {:.6f}\n"
      "99 % KL          {:.6f}\n"
      "maximum KL       {:.6f}\n"
      "same top token   {:.2f} +/- {:.2f} %\n"
      "RMS delta p      {:.3f} +/- {:.3f} %\n",
      d.n, d.kl.value, d.kl.standard_error, d.kl_median, d.kl_p99, d.kl_max, 100 * d.same_top.value,
      100 * d.same_top.standard_error, 100 * d.rms_delta_p.value,
      100 * d.rms_delta_p.standard_error);
}

Result<int> compare(const CompareOptions& options) {
  const std::vector<std::int32_t> tokens = TRY(options.tokens.take());
  const Dump reference = TRY(Dump::open(options.reference, tokens.size()));
  const Dump other = TRY(Dump::open(options.other, tokens.size()));
  if (reference.n_vocab() != other.n_vocab())
    return fail(ErrorCode::integrity, "{} has {} logits in a row, but {} has {}",
                printable(options.reference), reference.n_vocab(), printable(options.other),
                other.n_vocab());
  sample::DivergenceStatistics statistics;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (interrupted()) return fail(ErrorCode::cancelled, "interrupted");
    const std::int32_t next =
        i + 1 < tokens.size() ? tokens[i + 1] : sample::DivergenceStatistics::kNoToken;
    if (next >= 0 && static_cast<std::size_t>(next) >= reference.n_vocab())
      return fail(ErrorCode::usage, "token {} is outside the vocabulary of {} tokens", next,
                  reference.n_vocab());
    statistics.add(TRY(reference.row(i)), TRY(other.row(i)), next);
  }
  const sample::Divergence d = statistics.summary();
  if (!options.json) {
    TRY(write_stdout(to_text(d)));
    return 0;
  }
  Json object;
  object["positions"] = d.n;
  object["mean_kl"] = to_json(d.kl);
  object["median_kl"] = d.kl_median;
  object["p99_kl"] = d.kl_p99;
  object["max_kl"] = d.kl_max;
  object["same_top"] = to_json(d.same_top);
  object["rms_delta_p"] = to_json(d.rms_delta_p);
  TRY(write_stdout(to_json_text(object, 2) + "\n"));
  return 0;
}

}  // namespace

Action declare_compare(Flags& flags) {
  auto options = std::make_shared<CompareOptions>();
  flags.require("REFERENCE", options->reference, "float32 logits to measure from");
  flags.require("OTHER", options->other, "float32 logits to measure");
  options->tokens.declare(flags);
  flags.add("--json", options->json, "print an object");
  return [options] { return compare(*options); };
}

}  // namespace hearth::app
