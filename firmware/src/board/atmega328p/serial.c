/* The serial line: two rings, filled and drained by interrupts. */
#include <avr/interrupt.h>
#include <avr/wdt.h>
#include <util/atomic.h>

#include "board.h"
#include "parts.h"

#ifndef BAUD
#define BAUD 500000UL
#endif
#define DIVIDER ((F_CPU + 4 * BAUD) / (8 * BAUD) - 1)
#define RING 128 /* a power of two */

static volatile uint8_t in[RING], in_head, in_tail, out[RING], out_head, out_tail;
static volatile uint16_t lost;

ISR(USART_RX_vect) {
    uint8_t broken = UCSR0A & (_BV(FE0) | _BV(DOR0));
    uint8_t byte = UDR0;
    uint8_t next = (in_head + 1) & (RING - 1);
    if (broken) {
        lost++;
    }
    if (next == in_tail) {
        lost++;
        return;
    }
    in[in_head] = byte;
    in_head = next;
}

ISR(USART_UDRE_vect) {
    if (out_head == out_tail) {
        UCSR0B &= (uint8_t)~_BV(UDRIE0);
        return;
    }
    UDR0 = out[out_tail];
    out_tail = (out_tail + 1) & (RING - 1);
}

bool serial_waiting(void) { return in_head != in_tail; }

bool board_receive(uint8_t *byte) {
    GPIOR0 = 0; /* the emulator sees it, and so how long a round of the main loop takes */
    if (!serial_waiting()) {
        return false;
    }
    *byte = in[in_tail];
    in_tail = (in_tail + 1) & (RING - 1);
    return true;
}

void board_send(const uint8_t *bytes, uint8_t count) {
    while (count--) {
        uint8_t next = (out_head + 1) & (RING - 1);
        while (next == out_tail) {
            /* The interrupt drains it, whether anyone listens or not. */
        }
        out[out_head] = *bytes++;
        out_head = next;
        ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { UCSR0B |= _BV(UDRIE0); }
    }
}

uint16_t board_lost(void) {
    uint16_t count;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { count = lost; }
    return count;
}

void serial_start(void) {
    UCSR0A = _BV(U2X0);
    UBRR0 = DIVIDER;
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    UCSR0B = _BV(RXEN0) | _BV(TXEN0) | _BV(RXCIE0);
}
