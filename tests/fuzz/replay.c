/* A main for fuzz targets where there is no libFuzzer: tries the files of a folder, reports TAP. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>

#define INPUT_MAX ((size_t)1024 * 1024) /* bytes of one file */

int
main(int argc, char **argv)
{
    static uint8_t input[INPUT_MAX];
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    const struct dirent *entry;
    int tried = 0;

    while (folder && (entry = readdir(folder))) {
        char path[4096];
        FILE *file;

        (void)snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
        file = entry->d_name[0] == '.' ? NULL : fopen(path, "re");
        if (!file)
            continue;
        (void)LLVMFuzzerTestOneInput(input, fread(input, 1, sizeof(input), file));
        (void)fclose(file);
        printf("ok %d - %s\n", ++tried, entry->d_name);
    }
    if (folder)
        (void)closedir(folder);
    printf("1..%d\n", tried);
    return tried > 0 ? 0 : 1;
}
