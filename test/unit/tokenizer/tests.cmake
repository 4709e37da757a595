# Run by hand over vocabularies that are not part of the project.
add_executable(tokenizer-conformance EXCLUDE_FROM_ALL
  "${CMAKE_CURRENT_LIST_DIR}/tokenizer-conformance.cpp")
target_link_libraries(tokenizer-conformance PRIVATE LlmcTokenizerReader)
