// SPDX-License-Identifier: Apache-2.0
//
// Objects that change after they are made (namespaces, frames, loops) can come to hold themselves,
// which a reference count never sees. Each joins its render's list, and the end of the render
// empties whatever is still there.
#pragma once

#include "text/jinja/value.h"

namespace hearth::text::jinja {

class CycleMember;

// The members alive in one render. Must outlive every use of them, not the members themselves.
class CycleList {
 public:
  CycleList() = default;
  CycleList(const CycleList&) = delete;
  CycleList& operator=(const CycleList&) = delete;
  ~CycleList();

 private:
  friend class CycleMember;
  CycleMember* first_ = nullptr;
};

class CycleMember {
 public:
  explicit CycleMember(CycleList& list) : list_(&list), next_(list.first_) {
    if (next_) next_->previous_ = this;
    list.first_ = this;
  }
  CycleMember(const CycleMember&) = delete;
  CycleMember& operator=(const CycleMember&) = delete;

 protected:
  ~CycleMember() { leave(); }

 private:
  friend class CycleList;
  // Drops every value that this object holds.
  virtual void clear() = 0;
  virtual Object& object() = 0;

  void leave() {
    if (!list_) return;
    (previous_ ? previous_->next_ : list_->first_) = next_;
    if (next_) next_->previous_ = previous_;
    list_ = nullptr;
  }

  CycleList* list_;
  CycleMember* previous_ = nullptr;
  CycleMember* next_;
};

inline CycleList::~CycleList() {
  while (first_) {
    CycleMember* member = first_;
    const Ref<Object> keep(&member->object());
    member->leave();
    member->clear();
  }
}

}  // namespace hearth::text::jinja
