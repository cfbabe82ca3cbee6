/** The bookings of a new sandbox: real flights from the airport each traveller calls home. */
export const seededBookings = [
  booking('bk-1001', 'ada', '506', '4A', 'CONFIRMED', '2000-12-01T09:12:00Z'),
  booking('bk-1002', 'grace', '407', '2C', 'CONFIRMED', '2000-12-02T14:40:00Z'),
  booking('bk-1003', 'amelia', '756', '1A', 'CONFIRMED', '2000-12-03T08:05:00Z'),
  booking('bk-1004', 'ada', '1500', '12F', 'CANCELLED', '2000-12-08T17:31:00Z'),
  booking('bk-1005', 'grace', '2614', '7D', 'CONFIRMED', '2000-12-11T11:00:00Z'),
  booking('bk-1006', 'amelia', '2145', '1A', 'CANCELLED', '2000-12-14T19:22:00Z'),
  booking('bk-1007', 'ada', '5688', '23B', 'CONFIRMED', '2000-12-19T21:48:00Z'),
  booking('bk-1008', 'amelia', '4863', '1F', 'CONFIRMED', '2000-12-20T06:15:00Z'),
  booking('bk-1009', 'grace', '4218', '15E', 'CONFIRMED', '2000-12-27T13:03:00Z'),
  booking('bk-1010', 'ada', '8166', '9C', 'CONFIRMED', '2000-12-30T10:54:00Z'),
] as const;

function booking(
  id: string,
  travellerId: string,
  flightId: string,
  seat: string,
  status: 'CONFIRMED' | 'CANCELLED',
  createdAt: string,
) {
  return { id, travellerId, flightId, seat, status, createdAt };
}
