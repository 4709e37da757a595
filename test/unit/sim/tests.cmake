llmc_unit_test(sim-tests
  sim/KernelTest.cpp
  LINK LlmcSim)
