# SPDX-License-Identifier: Apache-2.0
#
# ./check cross-builds a few test suites for AArch64 on an amd64 machine. Debian's arm64 libraries
# would need a second architecture in apt, which is too much to ask of somebody's machine; so the
# modules in this folder stand in for find_package: headers that do not depend on the architecture
# come through a folder of links, GoogleTest is built from its packaged source, and what has to be
# linked is left out. Only targets that do not need OpenSSL's library, utf8proc or PCRE2 can be built
# this way.
set(HEARTH_OVERLAY "${CMAKE_BINARY_DIR}/overlay")

# hearth_overlay(TARGET NAME...): an interface target that sees /usr/include/NAME.
function(hearth_overlay target)
  if(TARGET ${target})
    return()
  endif()
  foreach(name ${ARGN})
    file(GLOB headers /usr/include/${name} /usr/include/${name}/* /usr/include/*/${name}/*.h)
    file(MAKE_DIRECTORY "${HEARTH_OVERLAY}/${name}")
    foreach(header ${headers})
      get_filename_component(short "${header}" NAME)
      if(NOT short STREQUAL name)
        file(CREATE_LINK "${header}" "${HEARTH_OVERLAY}/${name}/${short}" SYMBOLIC)
      endif()
    endforeach()
  endforeach()
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${target} INTERFACE "${HEARTH_OVERLAY}")
endfunction()
