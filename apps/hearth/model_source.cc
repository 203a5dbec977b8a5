// SPDX-License-Identifier: Apache-2.0
#include "model_source.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/escape.h"
#include "pull_model.h"
#include "store/known_models.h"
#include "store/shards.h"

namespace hearth::app {
namespace {

using fetch::FoundModel;
using fetch::RefKind;

// A bare word that names a file in this folder is a path too, unless the store knows it as a model.
bool is_file_here(const std::string& word) {
  return ::access(word.c_str(), F_OK) == 0;
}

bool can_be_fetched(const fetch::ModelRef& ref) {
  if (ref.kind == RefKind::hub || ref.kind == RefKind::url) return true;
  if (ref.kind != RefKind::name) return false;
  const store::KnownModel* known = store::find_known_model(ref.text);
  return known != nullptr && !known->hub.empty();
}

Result<FoundModel> fetch_model(fetch::Places& places, const fetch::ModelRef& ref,
                               const std::string& model, bool offline) {
  const bool forbidden = offline || TRY(fetch::hub_access_from_environment())
  .offline;
  if (forbidden)
    return fail(ErrorCode::not_found,
                "'{}' is not here, and --offline (or HF_HUB_OFFLINE) forbids to fetch it; "
                "`hearth list` shows what is here",
                printable(model));
  fmt::print(stderr, "hearth: {} is not here yet: fetching it\n", printable(model));
  const fetch::Pulled pulled = TRY(pull_model(places.store, {.ref = ref}));
  store::Model whole = TRY(places.store.find(pulled.manifest.name));
  return FoundModel{.name = whole.manifest.name,
                    .owner = "hearth",
                    .paths = std::move(whole.paths),
                    .manifest = std::move(whole.manifest)};
}

// What somebody who is used to llama.cpp or Ollama meant by ORG/REPO.
std::string hub_advice(const std::string& model) {
  const auto as_hub = fetch::parse_model_ref("hf:" + model);
  if (model.starts_with('.') || model.ends_with(".gguf") || !as_hub) return "";
  return fmt::format("; for the model of the hub write hf:{}", printable(model, 200));
}

}  // namespace

Result<FoundModel> locate_model(const std::string& model, bool offline) {
  fetch::Places places = TRY(fetch::usual_places());
  const auto ref = fetch::resolve_ref(places, model);
  auto found =
      ref ? fetch::find_model(places, *ref) : Result<FoundModel>(std::unexpected(ref.error()));
  if (found || (ref && found.error().code != ErrorCode::not_found)) return found;
  if (ref && ref->kind == RefKind::path) {
    found.error().message += hub_advice(model);
    return found;
  }
  if (is_file_here(model)) return FoundModel {
      .name = model, .owner = {}, .paths = TRY(store::all_shards(model))
      , .manifest = std::nullopt
    };
  if (ref && can_be_fetched(*ref)) return fetch_model(places, *ref, model, offline);
  // "Tiny" is no name, but the store knows what is near to it.
  if (!ref && model.find_first_of(":/") == std::string::npos)
    if (const auto near = places.store.find(model); !near) return std::unexpected(near.error());
  return found;
}

Result<std::vector<format::NamedFd>> open_found(const FoundModel& found, const std::string& model) {
  std::vector<format::NamedFd> shards;
  for (const std::string& path : found.paths) {
    UniqueFd fd = TRY(open_for_read(path));
    shards.push_back({std::move(fd), found.paths.size() == 1 ? model : path});
  }
  return shards;
}

Result<std::vector<format::NamedFd>> open_model(const std::string& model, bool offline) {
  return open_found(TRY(locate_model(model, offline)), model);
}

void ModelArgument::declare(Flags& flags, bool positional) {
  if (positional)
    flags.add("MODEL", positional_,
              "a name from 'hearth list', hf:ORG/REPO[:QUANT], an address, or a GGUF file");
  flags.add("-m,--model", flag_, "the same as MODEL")
      .value("MODEL")
      .variable("MODEL")
      .names_model();
  declare_elsewhere(flags);
}

void ModelArgument::declare_several(Flags& flags) {
  flags.add_words("[MODEL...]", several_);
  flags.add("-m,--model", several_, "the same as MODEL; may be repeated")
      .value("MODEL")
      .variable("MODEL")
      .names_model();
  declare_elsewhere(flags);
}

void ModelArgument::declare_elsewhere(Flags& flags) {
  flags.add("-hf,-hfr,--hf-repo", hub_repo_, "a model of the Hugging Face hub")
      .value("ORG/REPO[:QUANT]")
      .variable("HF_REPO")
      .names_model();
  flags.add("-hff,--hf-file", hub_file_, "the file of --hf-repo")
      .value("NAME")
      .variable("HF_FILE")
      .rare();
  flags.add("-mu,--model-url", url_, "the address of a GGUF file")
      .value("URL")
      .variable("MODEL_URL")
      .names_model()
      .rare();
  flags.add("--offline", offline_, "never fetch a model that is not here").variable("OFFLINE");
  flags.take_foreign_flags();
}

std::string ModelArgument::hub_model() const {
  std::string hub =
      hub_repo_.empty() || hub_repo_.starts_with("hf:") ? hub_repo_ : "hf:" + hub_repo_;
  if (!hub_file_.empty() && !hub.empty()) hub = hub.substr(0, hub.find(':', 3)) + ":" + hub_file_;
  return hub;
}

Result<std::vector<std::string>> ModelArgument::take_all() const {
  if (!hub_file_.empty() && hub_repo_.empty())
    return fail(ErrorCode::usage, "--hf-file names a file of --hf-repo: give both");
  std::vector<std::string> models = several_;
  for (const std::string& one : {hub_model(), url_})
    if (!one.empty()) models.push_back(one);
  for (auto model = models.begin(); model != models.end(); ++model)
    if (std::find(models.begin(), model, *model) != model)
      return fail(ErrorCode::usage, "the model {} is given twice", printable(*model, 200));
  return models;
}

Result<std::string> ModelArgument::take() const {
  std::string model;
  for (const std::string& one : {positional_, flag_, hub_model(), url_}) {
    if (one.empty()) continue;
    if (!model.empty() && model != one)
      return fail(ErrorCode::usage, "two models given: {} and {}", model, one);
    model = one;
  }
  if (model.empty() && !hub_file_.empty())
    return fail(ErrorCode::usage, "--hf-file names a file of --hf-repo: give both");
  if (model.empty()) return fail(ErrorCode::usage, "give a model: a name or -m FILE");
  return model;
}

bool ModelArgument::given() const {
  return !positional_.empty() || !flag_.empty() || !hub_repo_.empty() || !url_.empty();
}

}  // namespace hearth::app
