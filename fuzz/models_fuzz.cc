// SPDX-License-Identifier: Apache-2.0
//
// What hubs, other programs and people's own files say about models: the hub's listing and the
// choice among its files, manifests, aliases, references. The first byte chooses whose.
// Beyond not crashing: a choice is of files that were listed and stays inside the repository, a
// manifest is read back as it was written.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/sha256.h"
#include "fetch/hub.h"
#include "fetch/model_ref.h"
#include "store/aliases.h"
#include "store/elsewhere.h"
#include "store/manifest.h"
#include "store/name.h"

namespace hearth {
namespace {

void hub(std::string_view text) {
  const auto line = text.find('\n');
  const std::string_view quant = text.substr(0, line);
  if (line != std::string_view::npos) text.remove_prefix(line + 1);
  const auto repo = fetch::parse_repo(text, "org/repo");
  if (!repo) return;
  const auto chosen = fetch::choose_files(*repo, quant);
  if (!chosen) return;
  CHECK(!chosen->empty());
  for (const fetch::HubFile& file : *chosen) {
    CHECK(!file.path.starts_with('/') && file.path.find("/../") == std::string::npos);
    CHECK(file.sha256.empty() || is_sha256_hex(file.sha256));
    const std::string url = fetch::file_url({}, *repo, file.path);
    CHECK(url.starts_with("https://huggingface.co/org/repo/resolve/"));
    CHECK(url.find_first_of("?# \r\n") == std::string::npos);
    CHECK(store::is_model_name(store::name_for_file(file.path)));
  }
}

void manifest(std::string_view text) {
  const auto parsed = store::parse_manifest(text, "m");
  if (!parsed) return;
  const auto again = store::parse_manifest(store::to_text(*parsed), "m");
  CHECK(again && again->files == parsed->files && again->source == parsed->source);
}

void aliases(std::string_view text) {
  const auto parsed = store::parse_aliases(text);
  if (!parsed) return;
  for (const auto& [name, target] : *parsed) CHECK(store::is_model_name(name) && !target.empty());
}

void ollama(std::string_view text) {
  const auto digest = store::ollama_model_digest(text);
  if (digest) CHECK(is_sha256_hex(*digest));
}

void reference(std::string_view text) {
  const auto ref = fetch::parse_model_ref(text);
  if (!ref) return;
  CHECK(!ref->text.empty());
  if (ref->kind == fetch::RefKind::hub) {
    CHECK(fetch::parse_model_ref("hf:" + ref->text).value().text == ref->text);
    CHECK(ref->text.find("..") == std::string::npos);
  }
}

}  // namespace

void take(std::uint8_t whose, std::string_view text) {
  switch (whose) {
    case 'h':
      hub(text);
      break;
    case 'm':
      manifest(text);
      break;
    case 'a':
      aliases(text);
      break;
    case 'o':
      ollama(text);
      break;
    case 'r':
      reference(text);
      break;
    default:
      break;
  }
}

}  // namespace hearth

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  hearth::take(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
