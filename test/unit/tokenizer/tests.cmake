llmc_unit_test(tokenizer-tests
  "${CMAKE_CURRENT_LIST_DIR}/BpeTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/CharacterStepsTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/CompilePatternTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/ConformanceCases.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/ConformanceTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/FormatTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/PatternTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/ReaderTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/RepeatsTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/StreamDecoderTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/TokenizerTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/UnicodeTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/UnigramTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/VocabulariesTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/WordBordersTest.cpp"
  LINK LlmcTokenizerReader)

# Large vocabularies are not in this repository; name the folder that holds them
# (iree-golden, llama.cpp-vocab, ...) to test with them.
set(LLMC_TOKENIZER_DATA "" CACHE PATH "Vocabularies with pairs of text and ids")
set_property(SOURCE "${CMAKE_CURRENT_LIST_DIR}/ConformanceTest.cpp"
  APPEND PROPERTY COMPILE_DEFINITIONS LLMC_TOKENIZER_DATA="${LLMC_TOKENIZER_DATA}")

# Run by hand over these vocabularies.
add_executable(tokenizer-conformance EXCLUDE_FROM_ALL
  "${CMAKE_CURRENT_LIST_DIR}/ConformanceCases.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/tokenizer-conformance.cpp")
target_link_libraries(tokenizer-conformance PRIVATE LlmcTokenizerReader)
add_executable(tokenizer-cost EXCLUDE_FROM_ALL
  "${CMAKE_CURRENT_LIST_DIR}/tokenizer-cost.cpp")
target_link_libraries(tokenizer-cost PRIVATE LlmcTokenizerReader)
include("${PROJECT_SOURCE_DIR}/test/fuzz/tokenizer-fuzz.cmake")
