// The executable in front of a model.bin: finds the model behind itself.
#include "runtime/verbs/Console.h"
#include "runtime/verbs/Verbs.h"

#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

int main(int argc, char **argv) {
  llmc::keepStandardFiles();
  std::vector<std::string_view> words(argv + (argc > 0), argv + argc);
  const char *program = argc > 0 ? argv[0] : "model.bin";
  // Not argv[0]: it may be anything, and the file may have been replaced since.
  const char *self = "/proc/self/exe";
  if (::access(self, F_OK) != 0)
    self = program; // There is no /proc.
  return llmc::modelMain(program, self, words);
}
