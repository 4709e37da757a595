llmc_unit_test(cuda-tests
  cuda/FakeDriver.cpp
  cuda/GpuBenchTest.cpp
  cuda/GpuModelTest.cpp
  cuda/GpuStepsTest.cpp
  cuda/GpuTokensTest.cpp
  cuda/SimChainTest.cpp
  LINK FakeModel LlmcVerbs LlmcSim)
target_compile_definitions(cuda-tests PRIVATE
  LLMC_FAKE_PTX="${CMAKE_CURRENT_LIST_DIR}/FakeKernels.ptx")
