llmc_unit_test(cuda-tests
  cuda/FakeDriver.cpp
  cuda/GpuModelTest.cpp
  cuda/GpuStepsTest.cpp
  LINK FakeModel LlmcCuda)
