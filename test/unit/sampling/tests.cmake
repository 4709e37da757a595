llmc_unit_test(sampling-tests
  "${CMAKE_CURRENT_LIST_DIR}/PhiloxTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/SamplerTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/StopMatcherTest.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/TokenChooserTest.cpp"
  LINK LlmcSampling)
