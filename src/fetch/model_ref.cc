// SPDX-License-Identifier: Apache-2.0
#include "fetch/model_ref.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/escape.h"
#include "store/elsewhere.h"
#include "store/name.h"
#include "store/store.h"

namespace hearth::fetch {
namespace {

constexpr std::size_t kMaxRefBytes = 2048;
constexpr std::size_t kMaxHubPartBytes = 96;  // of an organisation, a repository or a quantisation
constexpr std::string_view kHosts[] = {"hf.co", "huggingface.co"};

bool is_ascii_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// The characters that the hub allows in names, so that no name needs escaping in an address.
bool is_hub_part(std::string_view part) {
  const auto allowed = [](char c) { return is_ascii_alnum(c) || c == '-' || c == '_' || c == '.'; };
  return !part.empty() && part.size() <= kMaxHubPartBytes && std::ranges::all_of(part, allowed) &&
         is_ascii_alnum(part.front()) && part.find("..") == std::string_view::npos;
}

std::optional<std::string_view> after(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return std::nullopt;
  return text.substr(prefix.size());
}

// The part of an address behind the hub's host.
std::optional<std::string_view> hub_page(std::string_view address) {
  auto rest = after(address, "https://");
  if (!rest) rest = after(address, "http://");
  for (const std::string_view host : kHosts)
    if (const auto path = after(rest.value_or(address), std::string(host) + "/")) return path;
  return std::nullopt;
}

Result<ModelRef> parse_hub(std::string_view text, std::string_view whole) {
  const auto wrong = [&] {
    return fail(ErrorCode::usage, "'{}': a model of the hub is hf:ORG/REPO or hf:ORG/REPO:QUANT",
                printable(whole, 200));
  };
  ModelRef ref{.kind = RefKind::hub, .text = {}, .quant = {}};
  if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    ref.quant = text.substr(colon + 1);
    if (!is_hub_part(ref.quant)) return wrong();
    text = text.substr(0, colon);
  } else if (text.ends_with('/')) {
    text.remove_suffix(1);
  }
  const auto slash = text.find('/');
  if (slash == std::string_view::npos || !is_hub_part(text.substr(0, slash)) ||
      !is_hub_part(text.substr(slash + 1)))
    return wrong();
  ref.text = text;
  return ref;
}

Result<ModelRef> parse_url(std::string_view text) {
  ModelRef ref{.kind = RefKind::url, .text = std::string(text), .quant = {}};
  const std::string_view rest = text.substr(text.find("://") + 3);
  const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  if (host.empty())
    return fail(ErrorCode::usage, "'{}': the address names no host", printable(text, 200));
  if (host.find('@') != std::string_view::npos)
    return fail(ErrorCode::usage,
                "the address carries a user name or password, which would be written to the store; "
                "for the hub set HF_TOKEN instead");
  if (hub_page(text)) {  // the page that shows a file, not the file
    if (const auto blob = ref.text.find("/blob/"); blob != std::string::npos)
      ref.text.replace(blob, 6, "/resolve/");
  }
  return ref;
}

}  // namespace

Result<ModelRef> parse_model_ref(std::string_view text) {
  const auto plain = [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; };
  if (text.empty() || text.size() > kMaxRefBytes)
    return fail(ErrorCode::usage, "a model is a name, hf:ORG/REPO[:QUANT], an address or a path");
  const auto scheme = text.find("://");
  const bool is_url = text.starts_with("https://") || text.starts_with("http://");
  const auto page = hub_page(text);
  const auto short_hub = after(text, "hf:");
  if ((is_url || page || short_hub) && !std::ranges::all_of(text, plain))
    return fail(ErrorCode::usage, "'{}': an address has no spaces", printable(text, 200));
  if (short_hub) return parse_hub(after(*short_hub, "//").value_or(*short_hub), text);
  if (page && std::ranges::count(*page, '/') <= (page->ends_with('/') ? 2 : 1))
    return parse_hub(*page, text);
  if (page && !is_url) return parse_url("https://" + std::string(text));
  if (is_url) return parse_url(text);
  if (scheme != std::string_view::npos &&
      std::ranges::all_of(text.substr(0, scheme), is_ascii_alnum))
    return fail(ErrorCode::usage, "'{}': only https:// and http:// addresses can be fetched",
                printable(text, 200));
  if (store::is_elsewhere_name(text))
    return ModelRef{.kind = RefKind::elsewhere, .text = std::string(text), .quant = {}};
  if (store::is_path(text))
    return ModelRef{.kind = RefKind::path, .text = std::string(text), .quant = {}};
  TRY(store::check_model_name(text));
  return ModelRef{.kind = RefKind::name, .text = std::string(text), .quant = {}};
}

}  // namespace hearth::fetch
