/* A disk that is slow to sync, or fails: loaded into the server by LD_PRELOAD. The file that SYNC_FAULT
   names holds the milliseconds that a sync takes, which does nothing else; -1: it fails. So the disk of the
   machine, which others use too, plays no part. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int usleep(unsigned microseconds);

int fsync(int descriptor) {
    int milliseconds = 0;
    FILE *file = fopen(getenv("SYNC_FAULT"), "r");
    if (file != NULL) {
        if (fscanf(file, "%d", &milliseconds) != 1) {
            milliseconds = 0;
        }
        fclose(file);
    }
    if (milliseconds < 0) {
        errno = EIO;
        return -1;
    }
    (void)descriptor;
    usleep((unsigned)milliseconds * 1000);
    return 0;
}

int fdatasync(int descriptor) {
    return fsync(descriptor);
}
