// SPDX-License-Identifier: Apache-2.0
//
// show: what a model file is. Everything that comes out of the file is escaped before it is
// printed.
#include <fmt/format.h>

#include <map>

#include "base/escape.h"
#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"
#include "check_weights.h"
#include "command.h"
#include "compute_options.h"
#include "confined_print.h"
#include "engine/memory_plan.h"
#include "engine/sampling_defaults.h"
#include "flags.h"
#include "host/memory.h"
#include "human.h"
#include "model/plan.h"
#include "model_source.h"
#include "progress.h"
#include "show_memory.h"
#include "show_template.h"
#include "smaller_in_store.h"
#include "store/store.h"
#include "text/tokenizer.h"

namespace hearth::app {
namespace {

constexpr std::size_t kShownElements = 8;  // of an array

struct ShowOptions {
  ModelArgument model;
  ComputeOptions compute;
  SandboxFlag sandbox;
  bool json = false, tensors = false, metadata = false, chat_template = false, check = false;
  bool memory = false;
};

Json scalar_json(const format::Value& value) {
  using format::ValueType;
  switch (value.type) {
    case ValueType::string:
      return to_valid_utf8(value.string);
    case ValueType::boolean:
      return value.integer != 0;
    case ValueType::f32:
    case ValueType::f64:
      return value.real;
    case ValueType::i8:
    case ValueType::i16:
    case ValueType::i32:
    case ValueType::i64:
      return static_cast<std::int64_t>(value.integer);
    case ValueType::array:
      break;
    default:
      return value.integer;
  }
  const format::ArrayView& array = value.array;
  Json elements = Json::array();
  for (std::size_t i = 0; i < std::min(array.size(), kShownElements); ++i) {
    if (array.element_type() == ValueType::string) {
      elements.push_back(to_valid_utf8(array.string_at(i)));
    } else if (array.element_type() == ValueType::f32 || array.element_type() == ValueType::f64) {
      elements.push_back(array.float_at(i));
    } else {
      elements.push_back(array.int_at(i));
    }
  }
  Json object;
  object["type"] = std::string(format::name_of(array.element_type()));
  object["size"] = array.size();
  object["first"] = std::move(elements);
  return object;
}

struct TypeCount {
  std::uint64_t tensors = 0, bytes = 0;
};

// What show tells, gathered once for both forms of output.
struct Facts {
  std::string path;
  std::uint64_t file_bytes = 0, parameters = 0;
  std::map<std::string, TypeCount> types;
  std::string tokenizer, runnable;
  ShownTemplate chat_template;
  sample::ChosenDefaults sampling;
};

std::string describe(const Result<void>& result) {
  return result ? std::string("yes") : "no: " + result.error().message;
}

Facts gather(const format::ModelFiles& files, std::string path) {
  const format::Gguf& gguf = files.gguf();
  Facts facts;
  facts.path = std::move(path);
  facts.file_bytes = files.total_bytes();
  for (const format::Tensor& tensor : gguf.tensors()) {
    facts.parameters += tensor.n_elements();
    TypeCount& count = facts.types[std::string(format::type_info(tensor.type).name)];
    ++count.tensors;
    count.bytes += tensor.bytes.size();
  }
  const auto tokenizer = text::Tokenizer::load(gguf);
  facts.tokenizer = tokenizer ? (*tokenizer)->description() : "none: " + tokenizer.error().message;
  facts.chat_template = look_at_template(gguf, tokenizer ? tokenizer->get() : nullptr);
  const auto plan = model::compile_plan(gguf);
  facts.runnable = describe(plan ? Result<void>() : Result<void>(std::unexpected(plan.error())));
  facts.sampling = engine::sampling_defaults(gguf);
  return facts;
}

Json sampling_json(const sample::ChosenDefaults& sampling) {
  Json object;
  if (!sampling.family.empty())
    object["family"] = {{"name", std::string(sampling.family)},
                        {"recommended_by", std::string(sampling.family_source)}};
  for (const sample::ChosenValue& value : sampling.values)
    object["values"][std::string(value.field)] = {{"value", value.value},
                                                  {"from", std::string(name_of(value.source))}};
  object["warnings"] = sampling.warnings;
  return object;
}

// "temperature 1 (model family), top_k 40 (model family), ...", then what was wrong in the file.
std::string sampling_text(const sample::ChosenDefaults& sampling) {
  std::string text;
  for (const sample::ValueSource source :
       {sample::ValueSource::file, sample::ValueSource::family, sample::ValueSource::general}) {
    std::string values;
    for (const sample::ChosenValue& value : sampling.values)
      if (value.source == source)
        values += fmt::format("{}{} {}", values.empty() ? "" : ", ", value.field, value.value);
    std::string from(name_of(source));
    if (source == sample::ValueSource::family)
      from = fmt::format("{} {}, from {}", from, sampling.family, sampling.family_source);
    if (!values.empty()) text += fmt::format("{:<16}{} ({})\n", "sampling", values, from);
  }
  for (const std::string& warning : sampling.warnings)
    text += fmt::format("{:<16}{}\n", "", warning);
  return text;
}

Json to_json(const Facts& facts, const format::Gguf& gguf, const ShowOptions& options) {
  Json object;
  object["path"] = to_valid_utf8(facts.path);
  object["format"] = fmt::format("GGUF v{}", gguf.version());
  object["bytes"] = facts.file_bytes;
  object["parameters"] = facts.parameters;
  object["tensors"] = gguf.tensors().size();
  for (const auto& [name, count] : facts.types)
    object["types"][name] = {{"tensors", count.tensors}, {"bytes", count.bytes}};
  object["tokenizer"] = to_valid_utf8(facts.tokenizer);
  object["chat_template"] = to_valid_utf8(facts.chat_template.state);
  object["template"] = to_json(facts.chat_template);
  object["runs_here"] = facts.runnable;
  object["sampling"] = sampling_json(facts.sampling);
  for (const format::KeyValue& pair : gguf.metadata())
    object["metadata"][to_valid_utf8(pair.key)] = scalar_json(pair.value);
  if (options.tensors) {
    object["tensor_list"] = Json::array();
    for (const format::Tensor& tensor : gguf.tensors())
      object["tensor_list"].push_back(
          {{"name", to_valid_utf8(tensor.name)},
           {"type", std::string(format::type_info(tensor.type).name)},
           {"dims", Json(std::vector<std::uint64_t>(tensor.dims.begin(),
                                                    tensor.dims.begin() + tensor.n_dims))},
           {"shard", tensor.shard},
           {"offset", tensor.file_offset},
           {"bytes", tensor.bytes.size()}});
  }
  return object;
}

std::string to_text(const Facts& facts, const format::Gguf& gguf, const ShowOptions& options) {
  std::string text;
  const auto line = [&](std::string_view label, const std::string& value) {
    text += fmt::format("{:<16}{}\n", label, value);
  };
  const auto word = [&](std::string_view key) {
    const auto value = gguf.get_string(key);
    return value && *value ? printable(**value, 120) : std::string("-");
  };
  line("file", printable(facts.path));
  line("format", fmt::format("GGUF v{}, {} tensors, {}", gguf.version(), gguf.tensors().size(),
                             human_bytes(facts.file_bytes)));
  line("name", word("general.name"));
  line("architecture", word("general.architecture"));
  line("licence", word("general.license"));
  line("parameters", human_count(facts.parameters));
  std::string types;
  for (const auto& [name, count] : facts.types)
    types += fmt::format("{}{} x {} ({})", types.empty() ? "" : ", ", count.tensors, name,
                         human_bytes(count.bytes));
  line("types", types.empty() ? "-" : types);
  line("tokenizer", printable(facts.tokenizer));
  text += to_text(facts.chat_template);
  line("runs here", printable(facts.runnable));
  text += sampling_text(facts.sampling);
  if (options.metadata)
    for (const format::KeyValue& pair : gguf.metadata())
      text += fmt::format("  {:<44} {}\n", printable(pair.key, 100),
                          printable(to_json_text(scalar_json(pair.value)), 160));
  if (options.tensors)
    for (const format::Tensor& tensor : gguf.tensors())
      text += fmt::format(
          "  {:<36} {:<8} [{}]\n", printable(tensor.name, 80), format::type_info(tensor.type).name,
          fmt::join(tensor.dims.begin(), tensor.dims.begin() + tensor.n_dims, ", "));
  return text;
}

Json to_json(const BadTensor& bad) {
  Json object;
  object["tensor"] = to_valid_utf8(bad.tensor->name);
  object["type"] = std::string(format::type_info(bad.tensor->type).name);
  object["shard"] = bad.tensor->shard;
  object["bad_blocks"] = bad.n_bad;
  object["first"] = Json::array();
  for (const std::uint64_t block : bad.first)
    object["first"].push_back({{"block", block}, {"offset", offset_of_block(*bad.tensor, block)}});
  return object;
}

// Says which tensors hold what is no number; the exit status tells whether any does.
std::string to_text(const BadTensor& bad) {
  const format::Tensor& tensor = *bad.tensor;
  const format::TypeInfo& type = format::type_info(tensor.type);
  const char* piece = type.block_elems == 1 ? "value" : "block";
  const std::string shard = tensor.shard == 0 ? "" : fmt::format(" of shard {}", tensor.shard + 1);
  return fmt::format("{} ({}): {} of {} {}s hold no number, the first is {} {} at byte {}{}\n",
                     printable(tensor.name, 80), type.name, bad.n_bad,
                     tensor.bytes.size() / type.block_bytes, piece, piece, bad.first[0],
                     offset_of_block(tensor, bad.first[0]), shard);
}

// Says which tensors hold what is no number; the exit status tells whether any does.
Result<Printed> check(const format::Gguf& gguf, bool json, const worker::TellProgress& tell) {
  const std::vector<BadTensor> found = TRY(find_bad_weights(gguf, tell));
  Json object;
  object["tensors"] = gguf.tensors().size();
  object["bad"] = Json::array();
  std::string text;
  for (const BadTensor& bad : found) {
    object["bad"].push_back(to_json(bad));
    text += to_text(bad);
  }
  if (found.empty())
    text = fmt::format("{} tensors, all weights are numbers\n", gguf.tensors().size());
  return Printed{.status = found.empty() ? 0 : exit_code(ErrorCode::integrity),
                 .out = json ? to_json_text(object, 2) + "\n" : text,
                 .notes = {}};
}

WeightsOutlook outlook_of(const LoadFlags& flags, const fetch::FoundModel& found,
                          const engine::LoadOptions& load) {
  WeightsOutlook weights{.is_mapped = model::maps(load.load_mode),
                         .huge_pages = host::huge_pages()};
  if (!flags.uses_prepared()) {
    weights.why_none = "not wanted";
  } else if (!found.manifest) {
    weights.why_none = "for models of the store alone";
  } else if (const auto store = store::Store::open_default()) {
    weights.prepared_bytes = store::prepared_bytes(*store, prepared_name(*found.manifest));
    weights.why_none = "the next run writes one, if the disk has room";
  }
  return weights;
}

// What has to be known before the file is looked at, where nothing else can be read any more.
struct ShowPlace {
  engine::LoadOptions load;
  WeightsOutlook weights;
  host::AvailableMemory memory;
  std::string path;
};

Result<std::string> memory_shown(const format::ModelFiles& files, const ShowPlace& place,
                                 bool json) {
  const model::Plan plan = TRY(model::compile_plan(files.gguf()));
  const engine::MemoryPlan memory = TRY(engine::plan_memory(plan, files, place.load, place.memory));
  return json ? memory_json(memory, place.weights) : memory_text(memory, place.weights);
}

Result<std::string> template_shown(const format::Gguf& gguf, bool json) {
  const auto source = TRY(gguf.get_string("tokenizer.chat_template"));
  if (!source)
    return fail(ErrorCode::failed, "{}: the model has no chat template", gguf.file_name());
  return json ? to_json_text(Json{{"template", to_valid_utf8(*source)}}, 2) + "\n"
              : std::string(*source);
}

Result<Printed> look_into(std::vector<format::NamedFd> shards, const ShowOptions& options,
                          const ShowPlace& place, const worker::TellProgress& tell) {
  const auto files = TRY(format::ModelFiles::map(std::move(shards)));
  const format::Gguf& gguf = files->gguf();
  if (options.check) return check(gguf, options.json, tell);
  Printed printed;
  if (options.memory) {
    printed.out = TRY(memory_shown(*files, place, options.json));
  } else if (options.chat_template) {
    printed.out = TRY(template_shown(gguf, options.json));
  } else {
    const Facts facts = gather(*files, place.path);
    printed.out = options.json ? to_json_text(to_json(facts, gguf, options), 2) + "\n"
                               : to_text(facts, gguf, options);
  }
  return printed;
}

Result<int> show(const ShowOptions& options) {
  ShowPlace place {
    .load = TRY(options.compute.take())
  };
  const std::string name = TRY(options.model.take());
  const fetch::FoundModel found = TRY(locate_model(name, options.model.offline()));
  std::vector<format::NamedFd> shards = TRY(open_found(found, name));
  place.path = found.paths[0];
  if (options.memory) {
    place.weights = outlook_of(options.compute.load(), found, place.load);
    place.memory = host::available_memory();
    std::uint64_t n_bytes = 0;
    for (const format::NamedFd& shard : shards) n_bytes += TRY(file_size(shard.fd.get()));
    place.load.find_smaller = engine::smaller_among(smaller_opened_now(n_bytes));
  }
  ProgressBar bar("checking");
  return options.sandbox.print(
      {.about = name,
       .work =
           [&](const worker::TellProgress& tell) {
             return look_into(std::move(shards), options, place, tell);
           },
       .on_progress = [&](std::uint64_t done, std::uint64_t total) { bar.show(done, total); },
       .takes_long = options.check});
}

}  // namespace

Action declare_show(Flags& flags) {
  auto options = std::make_shared<ShowOptions>();
  options->model.declare(flags);
  options->compute.declare(flags);
  options->sandbox.declare(flags);
  flags.add("--check", options->check, "look for NaN and infinity in all weights; exit 4 if any");
  flags.add("--json", options->json, "print an object with all metadata");
  flags.add("--memory", options->memory,
            "print what the model would take in memory, with -c, -ub, -ctk and -ctv as in 'run'");
  flags.add("--metadata", options->metadata, "list the metadata");
  flags.add("--tensors", options->tensors, "list the tensors");
  flags.add("--template", options->chat_template, "print the chat template as it is");
  return [options] { return show(*options); };
}

}  // namespace hearth::app
