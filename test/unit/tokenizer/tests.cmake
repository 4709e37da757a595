llmc_unit_test(tokenizer-tests
  "${CMAKE_CURRENT_LIST_DIR}/BpeTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/CompilePatternTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/FormatTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/PatternTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/ReaderTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/StreamDecoderTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/TokenizerTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/UnicodeTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/VocabulariesTest.cpp"
  LINK LlmcTokenizerReader)

# Run by hand over vocabularies that are not part of the project.
add_executable(tokenizer-conformance EXCLUDE_FROM_ALL
  "${CMAKE_CURRENT_LIST_DIR}/tokenizer-conformance.cpp")
target_link_libraries(tokenizer-conformance PRIVATE LlmcTokenizerReader)
add_executable(tokenizer-cost EXCLUDE_FROM_ALL
  "${CMAKE_CURRENT_LIST_DIR}/tokenizer-cost.cpp")
target_link_libraries(tokenizer-cost PRIVATE LlmcTokenizerReader)
include("${PROJECT_SOURCE_DIR}/test/fuzz/tokenizer-fuzz.cmake")
