// SPDX-License-Identifier: Apache-2.0
#include "fetch/pull.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/escape.h"
#include "base/sha256.h"
#include "store/known_models.h"
#include "store/name.h"

namespace hearth::fetch {
namespace {

struct WantedFile {
  std::string url;
  store::StoredFile file;  // sha256 and bytes as far as they are known before
};

struct Wanted {
  std::string name;
  std::string source, licence;
  std::vector<WantedFile> files;
};

Error offline_error(std::string_view what) {
  return {
      ErrorCode::failed,
      fmt::format("{}: --offline (or HF_HUB_OFFLINE) forbids to ask for it; `hearth list` shows "
                  "what is here",
                  printable(what))};
}

std::string_view name_in_url(std::string_view path) {
  path = path.substr(0, path.find_first_of("?#"));
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

Result<Wanted> wanted_of_hub(const std::string& id, std::string_view quant,
                             const PullOptions& options) {
  if (options.access.offline) return std::unexpected(offline_error("hf:" + id));
  HttpClient client(options.stall);
  const HubRepo repo = TRY(read_repo(client, options.access, id, options.retry, options.stop));
  Wanted wanted{.name = {}, .source = "hf:" + id + "@" + repo.revision, .licence = repo.licence};
  for (const HubFile& file : TRY(choose_files(repo, quant)))
    wanted.files.push_back({.url = file_url(options.access, repo, file.path),
                            .file = {.sha256 = file.sha256,
                                     .bytes = file.bytes,
                                     .name = std::string(name_in_url(file.path))}});
  wanted.name = store::name_for_file(wanted.files.front().file.name);
  return wanted;
}

Wanted wanted_of_url(const std::string& url, const PullOptions& options) {
  // The query may hold a signature, which is nobody's business later.
  const std::string plain = url.substr(0, url.find_first_of("?#"));
  WantedFile file{.url = at_endpoint(options.access, url),
                  .file = {.name = std::string(name_in_url(url))}};
  return Wanted{
      .name = store::name_for_file(plain), .source = plain, .licence = {}, .files = {file}};
}

bool is_remote(std::string_view source) {
  return source.starts_with("hf:") || source.starts_with("https://") ||
         source.starts_with("http://");
}

Result<Wanted> wanted_of_name(const std::string& name, const PullOptions& options) {
  const store::KnownModel* known = store::find_known_model(name);
  if (known == nullptr) {
    std::vector<std::string> names;
    for (const store::KnownModel& one : store::known_models()) names.emplace_back(one.name);
    const auto near = store::nearest_names(name, names);
    return fail(ErrorCode::not_found,
                "no model is known by the name '{}'{}; give hf:ORG/REPO[:QUANT] or an address",
                printable(name),
                near.empty() ? "" : fmt::format("; did you mean {}?", fmt::join(near, " or ")));
  }
  if (known->hub.empty())
    return fail(ErrorCode::not_found, "'{}' is not fetched from the hub; `{}` gets it", name,
                store::how_to_get(*known));
  Wanted wanted = TRY(wanted_of_hub(std::string(known->hub), known->quant, options));
  wanted.name = name;
  wanted.licence = known->licence;
  return wanted;
}

// A name of the store stands for what it was pulled from: that again, whole or what is new of it.
Result<Wanted> wanted_of_manifest(const store::Manifest& manifest, const PullOptions& options) {
  const std::string& source = manifest.source;
  Wanted wanted;
  if (source.starts_with("hf:")) {
    const ModelRef repo = TRY(parse_model_ref(source.substr(0, source.find('@'))));
    wanted = TRY(wanted_of_hub(repo.text, manifest.files.front().name, options));
  } else {
    wanted = wanted_of_url(source, options);
    // Nobody says that this address still has the same file; what is there must not be lost.
    if (!options.replace && wanted.files.size() == 1) wanted.files[0].file = manifest.files[0];
  }
  wanted.name = manifest.name;
  if (!manifest.licence.empty()) wanted.licence = manifest.licence;
  return wanted;
}

Result<Wanted> wanted_of(const store::Store& store, const PullOptions& options) {
  const ModelRef& ref = options.ref;
  switch (ref.kind) {
    case RefKind::name: {
      const store::Listing here = TRY(store.list());
      const auto found = std::ranges::find(here.models, ref.text, &store::Manifest::name);
      if (found != here.models.end() && is_remote(found->source))
        return wanted_of_manifest(*found, options);
      return wanted_of_name(ref.text, options);
    }
    case RefKind::hub:
      return wanted_of_hub(ref.text, ref.quant, options);
    case RefKind::url:
      return wanted_of_url(ref.text, options);
    case RefKind::elsewhere:
      return fail(
          ErrorCode::usage,
          "{}: another program has it already, and it is used where it lies; `hearth import` "
          "takes it into the store",
          printable(ref.text));
    case RefKind::path:
      break;
  }
  return fail(ErrorCode::usage,
              "{}: this is a file already; `hearth import` takes it into the store",
              printable(ref.text));
}

// What a name that is taken would only tell after gigabytes.
Result<void> check_name_early(const store::Store& store, const Wanted& wanted, bool replace) {
  TRY(store::check_model_name(wanted.name));
  if (replace) return {};
  const auto present = store.find(wanted.name);
  if (!present || present->manifest.name != wanted.name) return {};
  bool same = present->manifest.files.size() == wanted.files.size();
  for (std::size_t i = 0; same && i < wanted.files.size(); ++i) {
    const std::string& hash = wanted.files[i].file.sha256;
    same = hash.empty() || hash == present->manifest.files[i].sha256;
  }
  if (same) return {};
  return fail(ErrorCode::usage,
              "the name '{}' belongs to another model ({}): choose another with --name, or remove "
              "it first",
              wanted.name, printable(present->manifest.files[0].name));
}

class Puller {
 public:
  Puller(store::Store& store, const PullOptions& options, Wanted wanted)
      : store_(store), options_(options), wanted_(std::move(wanted)) {
    for (const WantedFile& one : wanted_.files) bytes_total_ += one.file.bytes;
  }

  Result<Pulled> run() {
    std::vector<store::Finished> finished;
    std::vector<Downloaded> fetched;
    Pulled pulled{.was_there = true};
    for (WantedFile& one : wanted_.files) {
      if (!one.file.sha256.empty() && store_.has_blob(one.file)) {
        finished.push_back({.file = one.file, .path = ""});
        bytes_before_ += one.file.bytes;
        continue;
      }
      pulled.was_there = false;
      Downloaded file = TRY(fetch(one));
      bytes_before_ += file.bytes;
      pulled.verified = pulled.verified && file.verified;
      finished.push_back({.file = one.file, .path = file.path});
      fetched.push_back(std::move(file));
    }
    // Shards can be looked at together only; some being blobs already, the rest matches its hash.
    if (options_.check && fetched.size() == finished.size()) {
      std::vector<std::string> paths;
      for (const Downloaded& file : fetched) paths.push_back(file.path);
      TRY(options_.check(paths));
    }
    pulled.manifest = TRY(store_.adopt({.name = wanted_.name,
                                        .files = std::move(finished),
                                        .source = wanted_.source,
                                        .licence = wanted_.licence,
                                        .replace = options_.replace}));
    for (Downloaded& file : fetched) file.finish();
    return pulled;
  }

 private:
  Result<Downloaded> fetch(WantedFile& one) {
    if (options_.access.offline) return std::unexpected(offline_error(one.file.name));
    DownloadOptions download_options {
      .url = one.url, .token = token_for(options_.access, one.url), .sha256 = one.file.sha256,
      .bytes = one.file.bytes, .folder = TRY(store_.partial_dir())
      , .piece_bytes = options_.piece_bytes, .retry = options_.retry, .stall = options_.stall,
          .stop = options_.stop
    };
    if (options_.progress)
      download_options.progress = [&](std::uint64_t done, std::uint64_t total) {
        options_.progress({.file = one.file.name,
                           .bytes_done = bytes_before_ + done,
                           .bytes_total = std::max(bytes_total_, bytes_before_ + total)});
      };
    Downloaded file = TRY(download(download_options));
    one.file.sha256 = file.sha256;
    one.file.bytes = file.bytes;
    return file;
  }

  store::Store& store_;
  const PullOptions& options_;
  Wanted wanted_;
  std::uint64_t bytes_total_ = 0;   // as far as it is known
  std::uint64_t bytes_before_ = 0;  // of the files before the one at work
};

}  // namespace

Result<Pulled> pull(store::Store& store, const PullOptions& options) {
  if (options.access.offline && options.ref.kind == RefKind::name) {
    if (const auto present = store.find(options.ref.text))
      return Pulled{.manifest = present->manifest, .was_there = true};
  }
  Wanted wanted = TRY(wanted_of(store, options));
  if (!options.name.empty()) wanted.name = options.name;
  if (!options.sha256.empty()) {
    if (!is_sha256_hex(options.sha256))
      return fail(ErrorCode::usage, "a SHA-256 is 64 hex digits, not '{}'",
                  printable(options.sha256, 80));
    if (wanted.files.size() != 1)
      return fail(ErrorCode::usage, "one SHA-256 cannot be that of {} files", wanted.files.size());
    store::StoredFile& file = wanted.files.front().file;
    const std::string pinned = to_lower_hex(options.sha256);
    if (!file.sha256.empty() && file.sha256 != pinned)
      return fail(ErrorCode::integrity, "{}: its SHA-256 is said to be {}, not {}",
                  printable(file.name), file.sha256, pinned);
    file.sha256 = pinned;
  }
  TRY(check_name_early(store, wanted, options.replace));
  TRY(sweep_partial(TRY(store.partial_dir())));
  return Puller(store, options, std::move(wanted)).run();
}

}  // namespace hearth::fetch
