llmc_unit_test(template-tests
  "${CMAKE_CURRENT_LIST_DIR}/ConformanceTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/FormatTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/RefusalTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/ReaderTest.cpp"
  LINK LlmcTemplateReader)

# Run by hand over templates that are not part of the project.
add_executable(template-conformance EXCLUDE_FROM_ALL
  "${CMAKE_CURRENT_LIST_DIR}/template-conformance.cpp")
target_link_libraries(template-conformance PRIVATE LlmcTemplateReader)
