// SPDX-License-Identifier: Apache-2.0
//
// make-random: a GGUF file of random weights in the shape of a real model, since speed does not
// depend on the weights. Blocks are made as random bits with fitting scales
// (kernels/random_blocks.h) and streamed: memory stays small whatever the size of the file.
#include <fmt/format.h>

#include <charconv>
#include <cstring>

#include "base/checked.h"
#include "base/escape.h"
#include "command.h"
#include "flags.h"
#include "human.h"
#include "kernels/random_blocks.h"
#include "model_source.h"
#include "output_file.h"
#include "process.h"
#include "progress.h"
#include "random_shape.h"
#include "text/fit_vocab.h"

namespace hearth::app {
namespace {

struct MakeRandomOptions {
  std::string shape, type = "Q4_K_M", vocab, output, split_max_size;
  std::uint64_t seed = 0;
  std::uint32_t n_layers = 0;
};

Result<RandomShape> find_shape(const MakeRandomOptions& options) {
  std::string names;
  for (const RandomShape& shape : random_shapes()) {
    if (shape.name == options.shape) {
      RandomShape found = shape;
      if (options.n_layers > 1000) return fail(ErrorCode::usage, "--layers: at most 1000");
      if (options.n_layers != 0) found.n_layers = options.n_layers;
      return found;
    }
    names.append(" ").append(shape.name);
  }
  return fail(ErrorCode::usage, "no shape is called '{}'; there are:{}", printable(options.shape),
              names);
}

// "500M" and "2G" are millions and thousands of millions of bytes, as llama.cpp's gguf-split has
// it.
Result<std::uint64_t> parse_size(const std::string& text) {
  if (text.empty()) return 0;
  std::uint64_t count = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, count);
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  const std::uint64_t factor = unit == "M" ? 1000000 : unit == "G" ? 1000000000 : 0;
  const auto bytes = checked_mul(count, factor);
  if (error != std::errc() || !bytes || *bytes == 0)
    return fail(ErrorCode::usage, "--split-max-size: give a size like 500M or 2G, not '{}'",
                printable(text));
  return *bytes;
}

std::string shard_path(const std::string& output, const format::ShardPlan& plan) {
  if (plan.count == 1) return output;
  const std::string_view stem =
      std::string_view(output).substr(0, output.size() - (output.ends_with(".gguf") ? 5 : 0));
  return format::shard_file_name(stem, plan.number, plan.count);
}

// Fills tensors one after the other and tells how far it is.
class Filler {
 public:
  Filler(const std::vector<RandomTensor>& tensors, std::uint64_t seed, std::uint64_t total_bytes)
      : tensors_(tensors), seed_(seed), total_bytes_(total_bytes), bar_("writing") {}

  Result<void> operator()(std::size_t index, format::TensorSink& sink) {
    const RandomTensor& tensor = tensors_[index];
    if (!tensor.values.empty()) return sink.write(std::as_bytes(std::span(tensor.values)));
    const format::TypeInfo& info = format::type_info(tensor.write.type);
    // Each tensor has numbers of its own, whatever comes before it.
    kernels::RandomBits seeds(seed_ + index * 0x9e3779b97f4a7c15u);
    kernels::RandomBlocks blocks(static_cast<kernels::WeightType>(info.type), tensor.deviation,
                                 seeds.next());
    const std::size_t at_once = kPieceBytes / info.block_bytes;
    while (sink.n_written() < sink.n_bytes()) {
      if (interrupted()) return fail(ErrorCode::cancelled, "interrupted");
      const std::uint64_t left = (sink.n_bytes() - sink.n_written()) / info.block_bytes;
      const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(at_once, left));
      piece_.resize(n * info.block_bytes);
      blocks.fill(piece_.data(), n);
      if (tensor.mean != 0) shift(tensor.mean);
      TRY(sink.write(piece_));
      done_bytes_ += piece_.size();
      bar_.show(done_bytes_, total_bytes_);
    }
    return {};
  }

 private:
  static constexpr std::size_t kPieceBytes = 1 << 20;

  void shift(float mean) {
    for (std::size_t at = 0; at < piece_.size(); at += sizeof(float)) {
      float value;
      std::memcpy(&value, &piece_[at], sizeof value);
      value += mean;
      std::memcpy(&piece_[at], &value, sizeof value);
    }
  }

  const std::vector<RandomTensor>& tensors_;
  std::uint64_t seed_, total_bytes_, done_bytes_ = 0;
  std::vector<std::byte> piece_;
  ProgressBar bar_;
};

// Says what was written: the file, or the first of its shards.
Result<std::string> write_model(const MakeRandomOptions& options, const format::WriteModel& model,
                                const std::vector<RandomTensor>& tensors,
                                std::uint64_t max_shard_bytes) {
  const std::vector<format::ShardPlan> plans =
      TRY(format::plan_shards(model, {.max_tensor_bytes = max_shard_bytes}));
  std::uint64_t total_bytes = 0;
  for (const format::ShardPlan& plan : plans) total_bytes += plan.file_bytes;
  if (options.output != "-") {
    const std::size_t slash = options.output.find_last_of('/');
    const std::string folder =
        slash == std::string::npos ? "." : options.output.substr(0, slash + 1);
    TRY(check_free_space(folder, total_bytes));
  }
  std::vector<OutputFile> outputs;
  Filler filler(tensors, options.seed, total_bytes);
  for (const format::ShardPlan& plan : plans) {
    outputs.push_back(TRY(OutputFile::create(shard_path(options.output, plan))));
    TRY(format::write_shard(outputs.back().fd(), model, plan, std::ref(filler)));
  }
  for (OutputFile& output : outputs) TRY(output.commit());
  std::string written = shard_path(options.output, plans[0]);
  if (plans.size() > 1) written += fmt::format(" and {} more", plans.size() - 1);
  return written;
}

Result<int> make_random(MakeRandomOptions options) {
  if (options.vocab.empty())
    return fail(ErrorCode::usage, "give a model to take the tokenizer from: --vocab FILE");
  if (options.output == "-" && !options.split_max_size.empty())
    return fail(ErrorCode::usage, "a split model does not go to standard output");
  const RandomShape shape = TRY(find_shape(options));
  const model::TypeMix* mix = model::find_type_mix(options.type);
  if (mix == nullptr)
    return fail(ErrorCode::usage, "no type is called '{}'; there are: {}", printable(options.type),
                model::type_mix_names());
  if (options.output.empty())
    options.output = fmt::format("random-{}-{}.gguf", shape.name, model::name_of(*mix));
  const std::uint64_t max_shard_bytes = TRY(parse_size(options.split_max_size));
  const auto source = TRY(format::ModelFiles::map(TRY(open_model(options.vocab, true))));
  text::FittedVocab vocab = TRY(text::fit_vocab(source->gguf(), shape.n_vocab));

  const std::vector<RandomTensor> tensors = random_tensors(shape, *mix);
  format::WriteModel model{.metadata = random_metadata(shape, *mix)};
  model.metadata.insert(model.metadata.end(), std::make_move_iterator(vocab.metadata.begin()),
                        std::make_move_iterator(vocab.metadata.end()));
  for (const RandomTensor& tensor : tensors) model.tensors.push_back(tensor.write);
  const std::string written = TRY(write_model(options, model, tensors, max_shard_bytes));

  std::uint64_t n_parameters = 0;
  for (const RandomTensor& tensor : tensors) {
    std::uint64_t n = 1;
    for (const std::uint64_t dim : tensor.write.dims) n *= dim;
    n_parameters += n;
  }
  std::string note;
  if (vocab.n_before != shape.n_vocab)
    note = fmt::format(
        "; vocabulary {} from {} to {} tokens{}",
        vocab.n_before > shape.n_vocab ? "cut" : "filled up", vocab.n_before, shape.n_vocab,
        vocab.dropped.empty() ? "" : fmt::format(" without {}", fmt::join(vocab.dropped, ", ")));
  fmt::print(stderr, "made {}: {} random parameters, {}{}\n", printable(written),
             human_count(n_parameters), model::name_of(*mix), printable(note, 1000));
  return 0;
}

}  // namespace

Action declare_make_random(Flags& flags) {
  auto options = std::make_shared<MakeRandomOptions>();
  flags
      .require("--shape", options->shape,
               "llama-1b, llama-3b, llama-8b, smollm-135m, qwen3-0.6b or qwen3-30b-a3b-12l")
      .value("SHAPE");
  flags.add("--type", options->type, "types of the tensors, as llama.cpp mixes them (Q4_K_M)")
      .value("MIX");
  flags.add("--vocab", options->vocab, "the model whose tokenizer is taken").value("MODEL");
  flags.add("-o,--output", options->output, "the file to make (random-SHAPE-TYPE.gguf)")
      .value("FILE");
  flags.add("--seed", options->seed, "of the random numbers (0)");
  flags.add("--layers", options->n_layers, "another number of layers");
  flags
      .add("--split-max-size", options->split_max_size,
           "cut into shards of at most so many bytes: 500M, 2G")
      .value("SIZE");
  return [options] { return make_random(*options); };
}

}  // namespace hearth::app
