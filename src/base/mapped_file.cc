// SPDX-License-Identifier: Apache-2.0
#include "base/mapped_file.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/escape.h"
#include "base/file.h"

namespace hearth {
namespace {

// What the signal handler may read: fixed memory and lock-free atomics, nothing that another thread
// could hold. A mapping beyond the table's end works, only its sentence is missing.
struct Slot {
  std::atomic<std::uintptr_t> begin{0};  // 0: not live
  std::atomic<std::uintptr_t> end{0};
  std::atomic<bool> taken{false};
  char name[256] = {};
};
static_assert(std::atomic<std::uintptr_t>::is_always_lock_free);

constexpr int kSlots = 512;
constinit Slot slots[kSlots];
struct sigaction previous_action;

int claim_slot(const void* data, std::size_t size, const std::string& name) {
  for (int i = 0; i < kSlots; ++i) {
    Slot& slot = slots[i];
    if (slot.taken.exchange(true, std::memory_order_acquire)) continue;
    const std::string shown = printable(name, sizeof(slot.name) - 4);
    std::memcpy(slot.name, shown.c_str(), shown.size() + 1);
    const auto begin = reinterpret_cast<std::uintptr_t>(data);
    slot.end.store(begin + size, std::memory_order_relaxed);
    slot.begin.store(begin, std::memory_order_release);
    return i;
  }
  return -1;
}

void release_slot(int index) {
  if (index < 0) return;
  slots[index].begin.store(0, std::memory_order_relaxed);
  slots[index].taken.store(false, std::memory_order_release);
}

[[noreturn]] void leave_with_sentence(const char* name) {
  constexpr char kBefore[] = "hearth: ";
  constexpr char kAfter[] =
      ": the file shrank while it was being read; nothing more can be done with it\n";
  char line[sizeof(kBefore) + sizeof(Slot::name) + sizeof(kAfter)];
  char* end = line;
  for (const char* part : {kBefore, name, kAfter}) {
    const std::size_t size = std::strlen(part);
    std::memcpy(end, part, size);
    end += size;
  }
  [[maybe_unused]] const ssize_t n =
      ::write(STDERR_FILENO, line, static_cast<std::size_t>(end - line));
  ::_exit(exit_code(ErrorCode::integrity));
}

void on_bus_error(int signal_number, siginfo_t* info, void*) {
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  if (info->si_code > 0) {  // a fault, not a kill() from somebody
    for (const Slot& slot : slots) {
      const std::uintptr_t begin = slot.begin.load(std::memory_order_acquire);
      if (begin != 0 && address >= begin && address < slot.end.load(std::memory_order_relaxed))
        leave_with_sentence(slot.name);
    }
  }
  // Not ours: as if this handler had never been there. The signal stays blocked until we return.
  ::sigaction(signal_number, &previous_action, nullptr);
  ::raise(signal_number);
}

}  // namespace

Result<MappedFile> MappedFile::map(int fd, std::string name) {
  const auto status = file_status(fd);
  if (!status) return fail(ErrorCode::io, "{}: {}", printable(name), status.error().message);
  if (!S_ISREG(status->st_mode))
    return fail(ErrorCode::io, "{}: not a regular file", printable(name));
  MappedFile file;
  file.name_ = std::move(name);
  if (status->st_size == 0) return file;

  const auto size = static_cast<std::size_t>(status->st_size);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) {
    const int error_number = errno;
    return fail(error_number == ENOMEM ? ErrorCode::does_not_fit : ErrorCode::io,
                "{}: cannot map {} bytes: {}", printable(file.name_), size,
                errno_text(error_number));
  }
  file.data_ = static_cast<const std::byte*>(data);
  file.size_ = size;
  file.guard_slot_ = claim_slot(data, size, file.name_);
  return file;
}

MappedFile::MappedFile(MappedFile&& other) noexcept {
  *this = std::move(other);
}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(guard_slot_, other.guard_slot_);
  std::swap(name_, other.name_);
  return *this;
}

MappedFile::~MappedFile() {
  release_slot(guard_slot_);
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

void release_mapped_pages(std::span<const std::byte> bytes) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
  const std::uintptr_t end = begin + bytes.size();
  for (const Slot& slot : slots) {
    const std::uintptr_t slot_begin = slot.begin.load(std::memory_order_acquire);
    if (slot_begin == 0 || begin < slot_begin || end > slot.end.load(std::memory_order_relaxed))
      continue;
    const std::uintptr_t first = (begin + page - 1) / page * page, last = end / page * page;
    // Advice: where it is not taken, the pages merely stay.
    if (first < last)
      static_cast<void>(::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED));
    return;
  }
}

void install_mapping_guard() {
  static std::atomic<bool> installed{false};
  if (installed.exchange(true)) return;
  struct sigaction action = {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, &previous_action);
}

}  // namespace hearth
