# The simulator's fuzz entry as a program that replays files; CI runs it on a
# corpus of kernels. For fuzzing proper:
#   clang++-22 -std=c++20 -g -O1 -fno-strict-aliasing -ffp-contract=off \
#     -fsanitize=fuzzer,address,undefined -DLLMC_LIBFUZZER -I. \
#     test/fuzz/{ptx-fuzz,PtxMutation}.cpp runtime/sim/*/*.cpp runtime/support/Error.cpp \
#     -o fuzz && ./fuzz -max_len=8000 test/fuzz/corpus/ptx
add_executable(ptx-fuzz "${CMAKE_CURRENT_LIST_DIR}/ptx-fuzz.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/PtxMutation.cpp")
target_link_libraries(ptx-fuzz PRIVATE LlmcSim)
add_test(NAME ptx-fuzz
  COMMAND ptx-fuzz --mutate 1000 "${CMAKE_CURRENT_LIST_DIR}/corpus/ptx")
