// SPDX-License-Identifier: Apache-2.0
#include "fetch/find_model.h"

#include <algorithm>
#include <utility>

#include "base/escape.h"
#include "base/file.h"
#include "store/aliases.h"
#include "store/file_sets.h"
#include "store/shards.h"

namespace hearth::fetch {
namespace {

bool same_repo(std::string_view a, std::string_view b) {  // the hub does not tell cases apart
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view repo_of_source(std::string_view source) {
  if (!source.starts_with("hf:")) return {};
  source.remove_prefix(3);
  return source.substr(0, source.find('@'));
}

FoundModel of_store(store::Model&& model) {
  std::string name = model.manifest.name;
  return {.name = std::move(name),
          .owner = "hearth",
          .paths = std::move(model.paths),
          .manifest = std::move(model.manifest)};
}

FoundModel of_elsewhere(store::ElsewhereModel&& model) {
  return {.name = std::move(model.name),
          .owner = std::move(model.owner),
          .paths = std::move(model.paths),
          .manifest = std::nullopt};
}

// Files of one repository that are here, and for each the model that has it.
struct Offer {
  std::vector<std::string> files;
  std::vector<std::size_t> models;

  void add(const std::string& file, std::size_t model) {
    if (std::ranges::find(files, file) != files.end()) return;
    files.push_back(file);
    models.push_back(model);
  }
  // The model with the files that `quant` means.
  std::optional<std::size_t> choose(std::string_view quant) const {
    const std::vector<store::FileSet> sets = store::file_sets(files);
    const store::FileSet* chosen = store::choose_file_set(sets, files, quant);
    if (chosen == nullptr) return std::nullopt;
    return models[chosen->files.front()];
  }
};

Result<FoundModel> find_of_hub(const Places& places, const ModelRef& ref) {
  const store::Listing own = TRY(places.store.list());
  Offer here;
  for (std::size_t i = 0; i < own.models.size(); ++i)
    if (same_repo(repo_of_source(own.models[i].source), ref.text))
      for (const store::StoredFile& file : own.models[i].files) here.add(file.name, i);
  if (const auto chosen = here.choose(ref.quant))
    return of_store(TRY(places.store.find(own.models[*chosen].name)));
  store::ElsewhereListing elsewhere = store::list_elsewhere(places.elsewhere);
  Offer there;
  for (std::size_t i = 0; i < elsewhere.models.size(); ++i)
    if (same_repo(elsewhere.models[i].repo, ref.text))
      for (const std::string& file : elsewhere.models[i].files) there.add(file, i);
  if (const auto chosen = there.choose(ref.quant))
    return of_elsewhere(std::move(elsewhere.models[*chosen]));
  return fail(ErrorCode::not_found, "hf:{}{}{} is not here", ref.text, ref.quant.empty() ? "" : ":",
              ref.quant);
}

Result<FoundModel> find_of_url(const Places& places, const ModelRef& ref) {
  const std::string plain = ref.text.substr(0, ref.text.find_first_of("?#"));
  const store::Listing own = TRY(places.store.list());
  const auto found = std::ranges::find(own.models, plain, &store::Manifest::source);
  if (found != own.models.end()) return of_store(TRY(places.store.find(found->name)));
  return fail(ErrorCode::not_found, "{} is not here", printable(plain));
}

Result<FoundModel> find_of_name(const Places& places, const std::string& name) {
  auto own = places.store.find(name);
  if (own) return of_store(std::move(*own));
  if (own.error().code != ErrorCode::not_found) return std::unexpected(own.error());
  auto other = store::find_elsewhere(store::list_elsewhere(places.elsewhere), name);
  if (other) return of_elsewhere(std::move(*other));
  // What the store says names its models and what would get this one.
  return std::unexpected(other.error().code == ErrorCode::not_found ? own.error() : other.error());
}

}  // namespace

Result<Places> usual_places() {
  const auto aliases = store::default_aliases_path();
  return Places {
    .store = TRY(store::Store::open_default())
    , .aliases_path = aliases.value_or(""), .elsewhere = store::elsewhere_from_environment()
  };
}

Result<ModelRef> resolve_ref(const Places& places, std::string_view text) {
  ModelRef ref = TRY(parse_model_ref(text));
  if (ref.kind != RefKind::name || places.aliases_path.empty()) return ref;
  const auto own = places.store.find(ref.text);
  if (own || own.error().code != ErrorCode::not_found) return ref;
  const store::AliasMap aliases = TRY(store::read_aliases(places.aliases_path));
  const auto found = aliases.find(ref.text);
  if (found == aliases.end()) return ref;
  return parse_model_ref(found->second);
}

Result<FoundModel> find_model(const Places& places, const ModelRef& ref) {
  switch (ref.kind) {
    case RefKind::hub:
      return find_of_hub(places, ref);
    case RefKind::url:
      return find_of_url(places, ref);
    case RefKind::elsewhere:
      return of_elsewhere(
          TRY(store::find_elsewhere(store::list_elsewhere(places.elsewhere), ref.text)));
    case RefKind::name:
      return find_of_name(places, ref.text);
    case RefKind::path:
      break;
  }
  TRY(open_for_read(ref.text));  // the file that was named is the one to complain about first
  return FoundModel {
    .name = ref.text, .owner = {}, .paths = TRY(store::all_shards(ref.text))
    , .manifest = std::nullopt
  };
}

}  // namespace hearth::fetch
