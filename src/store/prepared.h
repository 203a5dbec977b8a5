// SPDX-License-Identifier: Apache-2.0
//
// Prepared copies beside the store: for a model, its weights once more in the order in which the
// kernels want them (model/prepared_file.h says what is inside; nothing here looks).
//
//   ROOT/prepared/<contents_key>.<layout>     one for each model, whatever names it has
//
// A copy is a cache: nothing is lost with it. It appears under its name only when its writer said
// that it is whole, it counts against a budget (those that were used longest ago go first), and it
// goes with the last name of its model. Reading creates and locks nothing but a time of use, where
// that is permitted. Any number of processes may use one store at once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "store/manifest.h"

namespace hearth::store {

class Store;
class TempFile;

// What a prepared copy of a model is known by: 64 hex digits that depend on the contents of all its
// files, and on nothing else. Of a single file its SHA-256.
std::string contents_key(const Manifest& manifest);

struct PreparedName {
  std::string key;     // contents_key
  std::string layout;  // what the bytes mean: letters, digits and dashes, "panels-v1"
};

// not_found if there is none. Marks it as used now.
Result<UniqueFd> open_prepared(const Store& store, const PreparedName& name);

// Its size; 0 if there is none.
std::uint64_t prepared_bytes(const Store& store, const PreparedName& name);

// Deletes a copy that turned out to be damaged. No error if there is none.
Result<void> remove_prepared(const Store& store, const PreparedName& name);

struct PreparedLimits {
  std::uint64_t budget_bytes = 0;   // of all copies together
  std::uint64_t reserve_bytes = 0;  // of the file system, that must stay free
};

// A copy that is being written. Gone when this is destroyed, unless keep() succeeded; what a killed
// process left behind is swept away by the next draft.
class PreparedDraft {
 public:
  // For a copy of about so many bytes. does_not_fit, with the reason, if the budget or the disk is
  // too small for it; io if the store cannot be written to.
  static Result<PreparedDraft> begin(const Store& store, PreparedName name, std::uint64_t n_bytes,
                                     const PreparedLimits& limits);
  PreparedDraft(PreparedDraft&&) noexcept;
  PreparedDraft& operator=(PreparedDraft&&) noexcept;
  ~PreparedDraft();

  // An empty file, open for reading and writing.
  int fd() const;
  // Gives the file its name, then deletes other copies until all are within the budget. not_found
  // if the model has been removed meanwhile.
  Result<void> keep();

 private:
  PreparedDraft(std::string root, PreparedName name, const PreparedLimits& limits);

  std::string root_;
  PreparedName name_;
  PreparedLimits limits_;
  std::unique_ptr<TempFile> file_;
};

}  // namespace hearth::store
