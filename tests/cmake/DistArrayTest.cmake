# distarray_test(NAME SOURCES ... LINK ...): a test program without MPI.
function(distarray_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE distarray_options test_main ${ARG_LINK})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS np1 TIMEOUT 600)
endfunction()

# distarray_ranked_test(NAME SOURCES ... LINK ... RANKS 1 2 4): a test program run by mpiexec at each of these rank counts, as ctest
# entries NAME.np1, NAME.np2, ... In collective tests use REQUIRE_ON_ALL (tests/support/mpi_test.h).
function(distarray_ranked_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;RANKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE distarray_options test_mpi_main ${ARG_LINK})
  foreach(ranks ${ARG_RANKS})
    add_test(NAME ${name}.np${ranks}
             COMMAND ${CMAKE_SOURCE_DIR}/tests/support/mpiexec ${ranks} $<TARGET_FILE:${name}>)
    set_tests_properties(${name}.np${ranks} PROPERTIES LABELS np${ranks} PROCESSORS ${ranks} TIMEOUT 600)
  endforeach()
endfunction()
