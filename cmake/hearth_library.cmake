# One static library per folder of src/, with the very arrows that src/layers.txt allows: the
# include checker and the linker read the same file, so they cannot disagree.

# hearth_library(NAME [PACKAGES target...]): called by src/NAME/CMakeLists.txt. Sources are every
# *.cc below the folder except tests, benchmarks and fuzz targets. EXCLUDE takes sub-folders that the
# folder builds itself (kernels' instruction sets).
function(hearth_library name)
  cmake_parse_arguments(ARG "" "" "PACKAGES;EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|bench|fuzz)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  foreach(folder ${ARG_EXCLUDE})
    list(FILTER sources EXCLUDE REGEX "/${folder}/")
  endforeach()

  if(NOT sources)  # a folder that is still empty
    add_library(hearth_${name} INTERFACE)
    return()
  endif()
  add_library(hearth_${name} STATIC ${sources})
  target_include_directories(hearth_${name} PUBLIC "${CMAKE_SOURCE_DIR}/src")
  foreach(below ${HEARTH_LAYER_${name}})
    target_link_libraries(hearth_${name} PUBLIC hearth_${below})
  endforeach()
  target_link_libraries(hearth_${name} PUBLIC ${ARG_PACKAGES})

  if(HEARTH_TESTS AND tests)
    add_executable(hearth_${name}_test ${tests})
    target_link_libraries(hearth_${name}_test PRIVATE hearth_${name} GTest::gmock GTest::gtest_main)
    target_compile_definitions(hearth_${name}_test PRIVATE
      HEARTH_SOURCE_DIR="${CMAKE_SOURCE_DIR}" HEARTH_BINARY_DIR="${CMAKE_BINARY_DIR}")
    if(HEARTH_UNITY_TESTS)
      set_target_properties(hearth_${name}_test PROPERTIES UNITY_BUILD ON)
    endif()
    # UBSan watches the library; in the test itself it costs a third of the compiler's time.
    if(HEARTH_SANITIZE MATCHES "undefined")
      target_compile_options(hearth_${name}_test PRIVATE -fno-sanitize=undefined)
    endif()
    add_test(NAME ${name} COMMAND hearth_${name}_test)
    set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 600)
  endif()
endfunction()

# Reads "name: below below ..." lines and adds every folder that exists, lowest first.
function(hearth_add_layers file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
  file(STRINGS "${file}" lines REGEX "^[a-z]+:")
  foreach(line ${lines})
    string(REGEX MATCH "^([a-z]+):(.*)$" _ "${line}")
    set(name "${CMAKE_MATCH_1}")
    separate_arguments(below UNIX_COMMAND "${CMAKE_MATCH_2}")
    if(NOT name STREQUAL "apps")
      set(HEARTH_LAYER_${name} ${below})
      add_subdirectory("${CMAKE_SOURCE_DIR}/src/${name}" "${CMAKE_BINARY_DIR}/src/${name}")
    endif()
  endforeach()
endfunction()
