# Writes apps/hearth/build_info.h's values, only if they have changed:
# cmake -DSOURCE=folder -DOUTPUT=file.cc -P build_info.cmake
function(ask_git variable default)
  execute_process(COMMAND git -C "${SOURCE}" ${ARGN} OUTPUT_VARIABLE answer RESULT_VARIABLE status
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT status EQUAL 0)
    set(answer "${default}")
  endif()
  set(${variable} "${answer}" PARENT_SCOPE)
endfunction()

ask_git(commit "unknown" describe --always --dirty --abbrev=9 --exclude=*)
ask_git(number "0" rev-list --count HEAD)
set(text "#include \"build_info.h\"
namespace hearth::app {
const char* const kBuildCommit = \"${commit}\";
const int kBuildNumber = ${number};
}
")
if(EXISTS "${OUTPUT}")
  file(READ "${OUTPUT}" before)
endif()
if(NOT text STREQUAL "${before}")
  file(WRITE "${OUTPUT}" "${text}")
endif()
