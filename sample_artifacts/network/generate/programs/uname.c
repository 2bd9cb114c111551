/* Loaded before dumpcap, so that its files name no kernel of the recording machine. */
#include <string.h>
#include <sys/utsname.h>

int uname(struct utsname *name) {
    memset(name, 0, sizeof *name);
    strcpy(name->sysname, "Linux");
    strcpy(name->nodename, "host.example");
    strcpy(name->release, "6.1.0");
    strcpy(name->version, "1");
    strcpy(name->machine, "x86_64");
    return 0;
}
