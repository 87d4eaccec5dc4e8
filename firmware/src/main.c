/* The endless loop: feeds the watchdog while ticks come, and passes bytes on. Movement happens in
 * firmware_tick(). */
#include "board.h"
#include "firmware.h"

int main(void) {
    firmware_start(board_init());
    board_unlock();
    uint8_t fed = firmware_ticks();
    for (;;) {
        /* Fed only while ticks come: if the timer dies, so does this start of the firmware. */
        if (fed != firmware_ticks()) {
            fed = firmware_ticks();
            board_feed_watchdog();
        }
        uint8_t byte;
        if (board_receive(&byte)) {
            firmware_byte(byte);
        } else {
            board_idle();
        }
    }
}
