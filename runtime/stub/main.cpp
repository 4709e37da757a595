// The executable in front of a model.bin: finds the model behind itself.
#include "runtime/verbs/Verbs.h"

#include <string>
#include <string_view>
#include <vector>

int main(int argc, char **argv) {
  std::vector<std::string_view> words(argv + (argc > 0), argv + argc);
  return llmc::modelMain(argc > 0 ? argv[0] : "model.bin", "/proc/self/exe",
                         words);
}
