# Compiler flags that every target shares. ISA-specific flags live with the kernels alone:
# everything else is built for Debian's baseline, so that one binary runs on every machine of its
# architecture.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wno-unknown-pragmas)
# Options are structs with designated initialisers; fields left out are meant to keep their default.
add_compile_options(-Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  add_compile_options(-Wno-restrict)  # false for "text" + std::string (GCC bug 105329)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # g++'s -Wconversion leaves signs out too; the other is std::stable_sort's own (libstdc++ 12).
  add_compile_options(-Wno-sign-conversion -Wno-deprecated-declarations)
endif()
# Numbers are part of the contract: the compiler may not fuse or reorder floating-point operations
# on its own. Where a fused multiply-add is meant, the code says so.
add_compile_options(-ffp-contract=off -fno-math-errno)
if(HEARTH_WERROR)
  add_compile_options(-Werror)
endif()

if(HEARTH_SANITIZE)
  add_compile_options(-fsanitize=${HEARTH_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${HEARTH_SANITIZE})
endif()
if(HEARTH_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(NOT HEARTH_SANITIZE AND CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-D_FORTIFY_SOURCE=2 -fstack-protector-strong)
  add_link_options(-Wl,-z,relro,-z,now)
endif()

# ccache makes the second build quick where it is installed; nothing depends on it.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()
