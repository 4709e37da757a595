# Writes <build>/test-executables.txt when all folders are known: one
# GoogleTest executable a line, with the folder of test/ it belongs to.
function(llmc_write_test_list)
  get_property(unit GLOBAL PROPERTY LLMC_UNIT_TESTS)
  get_property(mlir GLOBAL PROPERTY LLMC_MLIR_TESTS)
  set(lines "")
  foreach(target IN LISTS unit mlir)
    get_target_property(folder ${target} SOURCE_DIR)
    get_filename_component(kind "${folder}" NAME)
    string(APPEND lines "${kind} $<TARGET_FILE:${target}>\n")
  endforeach()
  file(GENERATE OUTPUT "${PROJECT_BINARY_DIR}/test-executables.txt" CONTENT "${lines}")
endfunction()
cmake_language(DEFER DIRECTORY "${PROJECT_SOURCE_DIR}" CALL llmc_write_test_list)
