// SPDX-License-Identifier: Apache-2.0
#include "smaller_in_store.h"

#include <algorithm>
#include <functional>

#include "engine/smaller_model.h"
#include "model_source.h"
#include "store/store.h"

namespace hearth::app {

std::string smaller_in_store(const format::ModelFiles& refused, const engine::LoadOptions& options,
                             std::uint64_t available_bytes) {
  const auto store = store::Store::open_default();
  if (!store) return "";
  auto listing = store->list();
  if (!listing) return "";
  std::ranges::sort(listing->models, std::greater(), &store::Manifest::total_bytes);
  for (const store::Manifest& manifest : listing->models) {
    if (manifest.total_bytes() >= refused.total_bytes()) continue;
    auto shards = open_model(manifest.name, true);
    if (!shards) continue;
    const auto files = format::ModelFiles::map(std::move(*shards));
    if (files && engine::would_do_instead(refused, **files, options, available_bytes))
      return manifest.name;
  }
  return "";
}

}  // namespace hearth::app
