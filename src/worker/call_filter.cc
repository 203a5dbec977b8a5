// SPDX-License-Identifier: Apache-2.0
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <string_view>

#include "base/file.h"
#include "worker/call_filter_internal.h"

namespace hearth::worker {
namespace {

// libseccomp returns negative errors.
Result<void> succeeded(int code, const char* what) {
  if (code == 0) return {};
  return fail(ErrorCode::unsupported, "the filter of system calls: {}: {}", what,
              errno_text(-code));
}

scmp_arg_cmp comparison(const CallCondition& condition) {
  using Test = CallCondition::Test;
  const auto compare = [&](scmp_compare how, std::uint64_t a, std::uint64_t b = 0) {
    return scmp_arg_cmp{condition.argument, how, a, b};
  };
  switch (condition.test) {
    case Test::differs:
      return compare(SCMP_CMP_NE, condition.value);
    case Test::has_all:
      return compare(SCMP_CMP_MASKED_EQ, condition.value, condition.value);
    case Test::has_none:
      return compare(SCMP_CMP_MASKED_EQ, condition.value, 0);
    case Test::own_process:
      return compare(SCMP_CMP_EQ, static_cast<std::uint64_t>(::getpid()));
    case Test::none:
    case Test::equals:
      break;
  }
  return compare(SCMP_CMP_EQ, condition.value);
}

}  // namespace

void CallFilter::Release::operator()(void* context) const {
  ::seccomp_release(context);
}

Result<CallFilter> CallFilter::create(Profile profile, std::uint32_t architecture) {
  CallFilter filter;
  filter.context_.reset(::seccomp_init(SCMP_ACT_KILL_PROCESS));
  void* const context = filter.context_.get();
  if (context == nullptr)
    return fail(ErrorCode::unsupported,
                "the kernel has no filter of system calls (seccomp) that "
                "ends a process (Linux 4.14)");
  if (architecture != 0 && architecture != ::seccomp_arch_native()) {
    TRY(succeeded(::seccomp_arch_add(context, architecture), "the architecture"));
    TRY(succeeded(::seccomp_arch_remove(context, SCMP_ARCH_NATIVE), "the architecture"));
  }
  TRY(succeeded(::seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS),
                "other architectures"));
  TRY(succeeded(::seccomp_attr_set(context, SCMP_FLTATR_CTL_TSYNC, 1), "all threads"));
  // A filter makes kernels before 5.16 slow down the reading of memory that was just written, for
  // the sake of processes that run programs from outside (JIT compilers). We run none. Where the
  // kernel cannot leave it out, it stays.
  static_cast<void>(::seccomp_attr_set(context, SCMP_FLTATR_CTL_SSB, 1));
  std::set<std::string_view> allowed;
  for (const std::span<const CallRule> table : rules_of(profile)) {
    for (const CallRule& rule : table) {
      TRY(filter.add(rule));
      if (rule.refused_with == 0) allowed.insert(rule.call);
    }
  }
  filter.n_calls_ = static_cast<unsigned>(allowed.size());
  return filter;
}

Result<void> CallFilter::add(const CallRule& rule) {
  const int number = ::seccomp_syscall_resolve_name(rule.call);
  // Newer than the library: it ends the process, as all that is not named.
  if (number == __NR_SCMP_ERROR) return {};
  const std::uint32_t action = rule.refused_with == 0
                                   ? SCMP_ACT_ALLOW
                                   : SCMP_ACT_ERRNO(static_cast<std::uint16_t>(rule.refused_with));
  std::array<scmp_arg_cmp, std::tuple_size_v<decltype(rule.when)>> comparisons;
  unsigned n = 0;
  for (const CallCondition& condition : rule.when)
    if (condition.test != CallCondition::Test::none) comparisons[n++] = comparison(condition);
  return succeeded(::seccomp_rule_add_array(context_.get(), action, number, n, comparisons.data()),
                   rule.call);
}

Result<void> CallFilter::install() const {
  return succeeded(::seccomp_load(context_.get()), "the kernel refuses it");
}

Result<std::string> CallFilter::program() const {
  const UniqueFd fd(::memfd_create("filter", MFD_CLOEXEC));
  if (!fd) return fail(ErrorCode::io, "memfd_create: {}", errno_text(errno));
  TRY(succeeded(::seccomp_export_bpf(context_.get(), fd.get()), "export"));
  if (::lseek(fd.get(), 0, SEEK_SET) != 0) return fail(ErrorCode::io, "{}", errno_text(errno));
  return read_all(fd.get(), std::size_t{1} << 20);
}

}  // namespace hearth::worker
