/* ballast FILE: hold the bytes of a file in memory, and die. ballast -N: N megabytes, mostly never
   touched: a page every 16 MB. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int count, char **arguments)
{
    if (count < 2)
        return 1;
    int is_sparse = arguments[1][0] == '-';
    struct stat told = {0};
    int file = is_sparse ? -1 : open(arguments[1], O_RDONLY);
    if (!is_sparse && fstat(file, &told))
        return 1;
    size_t size = is_sparse ? (size_t)atol(arguments[1] + 1) << 20 : (size_t)told.st_size;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return 1;
    for (size_t at = 0; is_sparse && at < size; at += 16 << 20)
        memory[at] = 1;
    for (size_t at = 0; !is_sparse && at < size;) {
        ssize_t came = read(file, memory + at, size - at);
        if (came <= 0)
            return 1;
        at += came;
    }
    abort();
}
